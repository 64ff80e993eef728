import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFilesBelow } from "./open-files.ts";
import { type AuditLine, PrintedLines } from "./printed-lines.ts";

const root = join(import.meta.dirname, "../..");

/** A service in a process of its own, as a person would run it. */
export interface ServiceProcess {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** All that it has printed. */
  output(): string;
  /** What `pattern` finds in all that it has printed; waits until it is there. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The first audit line, of those not handed out yet, that `matches`; waits for it to be written. */
  nextLine(matches: (line: AuditLine) => boolean): Promise<AuditLine>;
  openFilesBelow(folder: string): Promise<number>;
  /** Resident memory now, in bytes. Linux only. */
  residentBytes(): Promise<number>;
  /** Whether it still runs. */
  isRunning(): boolean;
  /** Asks it to end (SIGTERM), and gives its exit code once it has. */
  stop(): Promise<number | null>;
}

/**
 * Runs a TypeScript program of the repository that serves on `PORT` and prints its address, with just
 * `env` as settings. Resolves once it listens; rejects with what it printed if it ends before.
 */
export function startService(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  // Away from the repository, whose .env is the developer's own.
  return startNode([join(root, program)], join(root, "test"), env);
}

/** The same for whatever Node is to run, in the folder `cwd`. */
export async function startNode(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  // A test file that ends without its clean-up must not leave a server behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const lines = new PrintedLines();
  const closed = lines.read(child.stdout, child.stderr).then(() => lines.end());
  const url = await lines.waitFor(() => findUrl(lines.text()));
  return {
    url,
    output: () => lines.text(),
    printed: (pattern) => lines.printed(pattern),
    nextLine: (matches) => lines.nextLine(matches),
    openFilesBelow: (folder) => openFilesBelow(folder, child.pid ?? "self"),
    residentBytes: () => residentBytes(child.pid),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill("SIGTERM");
      const [code] = (await exited) as [number | null];
      await closed;
      process.off("exit", kill);
      return code;
    },
  };
}

/** Resident memory of a process, in bytes. Linux only. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** The address in the line with which a program says that it listens. */
function findUrl(text: string): string | undefined {
  const listening = /"address":"([\d.]+)","port":(\d+)/.exec(text);
  if (listening) return `http://${listening[1]}:${listening[2]}`;
  return /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
}
