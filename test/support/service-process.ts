import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openFilesBelow } from "./open-files.ts";

const root = join(import.meta.dirname, "../..");

/** A line that the audit log wrote. */
export type AuditLine = Readonly<Record<string, unknown>> & { readonly message: string };

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
export async function startService(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [join(root, program)], {
    // Away from the repository, whose .env is the developer's own.
    cwd: join(root, "test"),
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  // A test file that ends without its clean-up must not leave a server behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const printed: string[] = [];
  const lines: AuditLine[] = [];
  const waiting = new Set<() => void>();
  const onLine = (line: string) => {
    printed.push(line);
    if (line.startsWith("{")) lines.push(JSON.parse(line) as AuditLine);
    for (const check of waiting) check();
  };
  const streams = [child.stdout, child.stderr].map((input) => createInterface({ input }));
  for (const stream of streams) stream.on("line", onLine);
  const closed = Promise.all(streams.map((stream) => once(stream, "close")));

  /** What `find` finds in what was printed, once it is there. */
  function waitFor<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      closed.then(() => reject(new Error(`the service ended:\n${printed.join("\n")}`)));
      check();
    });
  }

  const url = await waitFor(() => findUrl(printed));
  return {
    url,
    output: () => printed.join("\n"),
    printed: (pattern) => waitFor(() => pattern.exec(printed.join("\n")) ?? undefined),
    nextLine: (matches) =>
      waitFor(() => {
        const index = lines.findIndex(matches);
        return index < 0 ? undefined : lines.splice(index, 1)[0];
      }),
    openFilesBelow: (folder) => openFilesBelow(folder, child.pid ?? "self"),
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill("SIGTERM");
      const [code] = (await exited) as [number | null];
      await closed;
      return code;
    },
  };
}

/** The address in the line with which a program says that it listens. */
function findUrl(printed: readonly string[]): string | undefined {
  const text = printed.join("\n");
  const listening = /"address":"([\d.]+)","port":(\d+)/.exec(text);
  if (listening) return `http://${listening[1]}:${listening[2]}`;
  return /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
}
