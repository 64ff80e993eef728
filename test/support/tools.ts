import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, createReadStream, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describe, test } from "vitest";

/**
 * The programs from outside npm that tests run, and the Debian package of each; undefined where
 * Debian's is missing or too old, so that the program must be installed by hand.
 */
const packages = {
  age: "age",
  "age-keygen": "age",
  unzip: "unzip",
  zip: "zip",
  "7z": "p7zip-full",
  bsdtar: "libarchive-tools",
  // Not python3-minimal, which has no zipfile module.
  python3: "python3",
  ruby: "ruby",
  java: "default-jdk-headless",
  javac: "default-jdk-headless",
  curl: "curl",
  wget: "wget",
  aria2c: "aria2",
  chromium: "chromium",
  nginx: "nginx-light",
  ceph: "ceph-common",
  monmaptool: "ceph-base",
  "ceph-mon": "ceph-mon",
  "ceph-osd": "ceph-osd",
  radosgw: "radosgw",
  "radosgw-admin": "ceph-common",
  aws: undefined, // lacks flags before October 2025; Debian 12's is from 2022
  gcloud: undefined,
  // Builds Lambda's runtime client.
  cmake: "cmake",
  "g++": "g++",
  make: "make",
  xz: "xz-utils",
} as const;

export type Tool = keyof typeof packages;

/** The programs that building Lambda's runtime client needs. */
export const runtimeClientTools: readonly Tool[] = ["cmake", "g++", "make", "python3", "xz"];

const allTools = Object.keys(packages) as Tool[];

/** Returns the path of `tool` on the PATH, if it is there. */
export function pathOf(tool: Tool): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, tool)).find(isExecutable);
}

/** Returns those of `tools` (default: all) that are not on the PATH, in the given order. */
export function missingTools(tools: readonly Tool[] = allTools): Tool[] {
  return tools.filter((tool) => pathOf(tool) === undefined);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Returns the Debian packages to install for `tools`, without duplicates. */
export function packagesFor(tools: readonly Tool[]): string[] {
  return [...new Set(tools.flatMap((tool) => packages[tool] ?? []))];
}

/**
 * Returns a text for messages, such as `7z (Debian package p7zip-full), unzip (Debian package
 * unzip)`.
 */
export function nameTools(tools: readonly Tool[]): string {
  const source = (tool: Tool) =>
    packages[tool] === undefined ? "its vendor's own package" : `Debian package ${packages[tool]}`;
  return tools.map((tool) => `${tool} (${source(tool)})`).join(", ");
}

/** Whether this is a CI run, where a missing tool is a fault of the setup. */
export function isCi(): boolean {
  const ci = process.env.CI ?? "";
  return ci !== "" && ci !== "false";
}

/**
 * `describe` for tests that run programs. Without one of `tools`, the tests are skipped under a
 * name that says what to install; in CI, they fail.
 *
 * `body` also runs (to collect its tests) when a tool is missing, so it must start programs in
 * tests only.
 */
export function describeWithTools(name: string, tools: readonly Tool[], body: () => void): void {
  const missing = missingTools(tools);
  const lack = missing.length > 0 ? `not on the PATH: ${nameTools(missing)}` : undefined;
  describeUnless(lack, name, body);
}

/**
 * `describe`, unless there is a lack of something that its tests need. Then they are skipped under a
 * name that says it. In CI, one failing test replaces them, since a suite that skips its checks
 * there looks the same as one that passes them.
 */
export function describeUnless(lack: string | undefined, name: string, body: () => void): void {
  if (lack === undefined) {
    describe(name, body);
  } else if (isCi()) {
    describe(name, () => {
      test("has what it needs", () => {
        throw new Error(lack);
      });
    });
  } else {
    describe.skip(`${name} (${lack})`, body);
  }
}

export interface Command {
  readonly program: Tool;
  readonly args: readonly string[];
  /** A file to pipe to standard input: the program cannot seek in it. */
  readonly stdin?: string;
  /** The working folder; default this process's. */
  readonly cwd?: string;
  /** Whether to discard the standard output, for outputs of gigabytes. */
  readonly discard?: boolean;
  /** Environment variables for the program, in addition to this process's. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunOptions {
  /** Milliseconds after which the program is killed and the promise rejects; default 2 minutes. */
  readonly timeoutMs?: number;
}

export interface Outcome {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = {
  ...process.env,
  // In the C locale, unzip and Java cannot write names beyond ASCII.
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  // Each of these changes what a program does, or makes it print a notice, which counts as a
  // warning.
  UNZIP: undefined,
  UNZIPOPT: undefined,
  JAVA_TOOL_OPTIONS: undefined,
  _JAVA_OPTIONS: undefined,
  JDK_JAVA_OPTIONS: undefined,
  JDK_JAVAC_OPTIONS: undefined,
};

/** Whether there was no error and no warning: programs write both to standard error. */
export function isClean({ code, stderr }: Outcome): boolean {
  return code === 0 && stderr === "";
}

/**
 * Runs a program to its end. Rejects with its output unless `accepts` returns true for the outcome.
 */
export async function runTool(
  { program, args, stdin, cwd, discard = false, env = {} }: Command,
  { timeoutMs = 120_000 }: RunOptions = {},
  accepts: (outcome: Outcome) => boolean = isClean,
): Promise<Outcome> {
  const child = spawn(program, args, {
    env: { ...environment, ...env },
    cwd,
    stdio: [stdin === undefined ? "ignore" : "pipe", discard ? "ignore" : "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  try {
    const [[code, signal], stdout, stderr] = await Promise.all([
      once(child, "close") as Promise<[number | null, NodeJS.Signals]>,
      readAll(child.stdout),
      readAll(child.stderr),
      stdin === undefined || child.stdin === null ? undefined : feed(stdin, child.stdin),
    ]);
    const outcome = { code: code ?? signal, stdout, stderr };
    if (!child.killed && accepts(outcome)) return outcome;
    const verdict = child.killed ? `took over ${timeoutMs} ms` : `ended with ${outcome.code}`;
    throw new Error(`${[program, ...args].join(" ")} ${verdict}:\n${clip(stderr + stdout)}`);
  } finally {
    child.kill("SIGKILL");
  }
}

async function readAll(stream: Readable | null): Promise<string> {
  return stream === null ? "" : text(stream);
}

/**
 * Pipes a file in. A reader that stops at the central directory may close the pipe early, which is
 * not an error.
 */
async function feed(file: string, stdin: Writable): Promise<void> {
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), stdin);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

/** Returns both ends of an output: an archive with many broken entries produces a line for each. */
function clip(said: string): string {
  return said.length <= 4_000 ? said : `${said.slice(0, 2_000)}\n...\n${said.slice(-2_000)}`;
}
