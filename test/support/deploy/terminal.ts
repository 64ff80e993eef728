import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Bundle, type BundleTarget, buildBundle } from "../../../scripts/build/bundle.ts";
import type { DeployIo } from "../../../scripts/deploy/runner.ts";
import { makeFolder } from "../temporary-folder.ts";
import { pathOf, type Tool } from "../tools.ts";

const run = promisify(execFile);

/** A person's terminal, as far as a deployment sees it. */
export interface Terminal extends DeployIo {
  /** All that was printed since the last time, each print a line. */
  taken(): string;
  /** The commands that were run since the last time, as they were: program and arguments. */
  commands(): Promise<string[][]>;
}

export interface TerminalOptions {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The real program, which then is on the PATH, each of its runs recorded. */
  readonly program?: Tool;
  /** The answer to a question; undefined where nobody is there. */
  readonly answer?: boolean;
}

/** Sets up a terminal whose home, PATH and settings are `folder`'s alone. */
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

/** The real bundle, built once for all tests of a file and copied from there. */
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

/** The commands that a text shows, taken apart by a shell, as it would if they were pasted. */
export async function shownCommands(text: string): Promise<string[][]> {
  const lines = text.split("\n").flatMap((line) => /^ {2}\$ (.*)$/.exec(line)?.[1] ?? []);
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\036'`).join("\n");
  const { stdout } = await run("sh", ["-c", script]);
  return toCommands(stdout);
}

/** Commands as the shell records them: each word ended by a zero byte, each command by a 0x1e. */
function toCommands(records: string): string[][] {
  const commands = records.split("\x1e").slice(0, -1);
  return commands.map((words) => words.split("\0").slice(0, -1));
}
