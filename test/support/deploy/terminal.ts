import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { buildBundle } from "../../../scripts/build/bundle.ts";
import type { Bundle, BundleTarget } from "../../../scripts/deploy/bundle.ts";
import type { DeployIo } from "../../../scripts/deploy/runner.ts";
import { makeFolder } from "../temporary-folder.ts";
import { pathOf, type Tool } from "../tools.ts";

const run = promisify(execFile);

/** A user's terminal, as a deployment sees it. */
export interface Terminal extends DeployIo {
  /** Returns everything printed since the last call, one line per print. */
  taken(): string;
  /** Returns the commands run since the last call: program and arguments. */
  commands(): Promise<string[][]>;
}

export interface TerminalOptions {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The real program to put on the PATH. Each of its runs is recorded. */
  readonly program?: Tool;
  /** The answer to a question; undefined if there is nobody to answer. */
  readonly answer?: boolean;
}

/** Opens a terminal whose home, PATH and settings are confined to `folder`. */
export async function openTerminal(options: TerminalOptions): Promise<Terminal> {
  const { folder, env = {}, program, answer } = options;
  const bin = join(folder, "bin");
  const log = join(folder, "commands");
  await mkdir(bin, { recursive: true });
  await writeFile(log, "");
  if (program !== undefined) {
    const script = join(bin, program);
    const record = `{ printf '%s\\0' ${program} "$@"; printf '\\036'; } >> '${log}'`;
    await writeFile(script, `#!/bin/sh\n${record}\nexec '${pathOf(program)}' "$@"\n`);
    await chmod(script, 0o755);
  }
  const printed: string[] = [];
  const path = program === undefined ? bin : `${bin}${delimiter}${process.env.PATH}`;
  return {
    root: folder,
    env: { PATH: path, HOME: folder, LANG: "C.UTF-8", ...env },
    print: (line) => void printed.push(line),
    confirm: async () => answer,
    sleep: async () => undefined,
    build: buildOnce,
    taken: () => printed.splice(0).join("\n"),
    async commands() {
      const records = await readFile(log, "utf8");
      await writeFile(log, "");
      return toCommands(records);
    },
  };
}

const built = new Map<BundleTarget, Promise<Bundle>>();

/** Builds the real bundle once for all tests of a file, and copies it from there. */
async function buildOnce(target: BundleTarget, outDir: string): Promise<Bundle> {
  const building = built.get(target) ?? buildToKeep(target);
  built.set(target, building);
  const { dir, zipFile, bytes } = await building;
  await cp(dir, outDir, { recursive: true });
  if (zipFile === undefined) return { dir: outDir, bytes };
  await cp(zipFile, `${outDir}.zip`);
  return { dir: outDir, zipFile: `${outDir}.zip`, bytes };
}

async function buildToKeep(target: BundleTarget): Promise<Bundle> {
  const folder = await makeFolder();
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return buildBundle(target, join(folder, target));
}

/** Returns the commands that a text shows, split by a shell, as if they were pasted. */
export async function shownCommands(text: string): Promise<string[][]> {
  const lines = text.split("\n").flatMap((line) => /^ {2}\$ (.*)$/.exec(line)?.[1] ?? []);
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\036'`).join("\n");
  const { stdout } = await run("sh", ["-c", script]);
  return toCommands(stdout);
}

/** Parses commands as the shell records them: a zero byte ends each word, 0x1e each command. */
function toCommands(records: string): string[][] {
  const commands = records.split("\x1e").slice(0, -1);
  return commands.map((words) => words.split("\0").slice(0, -1));
}
