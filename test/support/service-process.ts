import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFilesBelow } from "./open-files.ts";
import { type AuditLine, PrintedLines } from "./printed-lines.ts";

const root = join(import.meta.dirname, "../..");

/** A service in a separate process, as a user would run it. */
export interface ServiceProcess {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Returns everything it has printed. */
  output(): string;
  /** Resolves with the match of `pattern` in everything it has printed, once there is one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the first audit line not yet returned that `matches`, once it is written. */
  nextLine(matches: (line: AuditLine) => boolean): Promise<AuditLine>;
  openFilesBelow(folder: string): Promise<number>;
  /** Returns the current resident memory. Bytes. Linux only. */
  residentBytes(): Promise<number>;
  /** Whether it is still running. */
  isRunning(): boolean;
  /** Sends it SIGTERM, and resolves with its exit code when it has exited. */
  stop(): Promise<number | null>;
}

/** A service in a process of its own, which can be watched while it stops. */
export interface StoppableProcess extends ServiceProcess {
  /** Sends it SIGTERM, and does not wait. */
  tellToStop(): void;
  /** Resolves with its exit code once it has exited. */
  exited(): Promise<number | null>;
}

/**
 * Runs a TypeScript program of the repository that serves on `PORT` and prints its address, with
 * only `env` as settings. Resolves once it is listening; rejects with its output if it exits
 * before.
 */
export function startService(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<StoppableProcess> {
  // Outside the repository's root, whose .env is the developer's own.
  return startNode([join(root, program)], join(root, "test"), env);
}

/** Does the same with any arguments for Node, in the folder `cwd`; by default for this process's Node. */
export async function startNode(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  node = process.execPath,
): Promise<StoppableProcess> {
  const child = spawn(node, args, {
    cwd,
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  // A test file that ends without cleaning up must not leave a server behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const lines = new PrintedLines();
  const closed = lines.read(child.stdout, child.stderr).then(() => lines.end());
  const end = async () => {
    const [code] = (await exited) as [number | null];
    await closed;
    process.off("exit", kill);
    return code;
  };
  const url = await lines.waitFor(() => findUrl(lines.text()));
  return {
    url,
    output: () => lines.text(),
    printed: (pattern) => lines.printed(pattern),
    nextLine: (matches) => lines.nextLine(matches),
    openFilesBelow: (folder) => openFilesBelow(folder, child.pid ?? "self"),
    residentBytes: () => residentBytes(child.pid),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    tellToStop: () => void child.kill("SIGTERM"),
    exited: end,
    stop() {
      child.kill("SIGTERM");
      return end();
    },
  };
}

/** Returns the resident memory of a process. Bytes. Linux only. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Returns the address in the line that a program prints once it is listening. */
function findUrl(text: string): string | undefined {
  const listening = /"address":"([\d.]+)","port":(\d+)/.exec(text);
  if (listening) return `http://${listening[1]}:${listening[2]}`;
  return /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
}
