import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Input } from "../input.ts";
import { peakBytesOf } from "../memory.ts";
import type { Contestant } from "./contestant.ts";

const program = fileURLToPath(import.meta.resolve("./zipfile-to-stdout.py"));

/** External programs that write to their standard output. `paths` are regular files. */
const tools = {
  cat: { command: "cat", arguments: (paths: readonly string[]) => paths },
  "info-zip": {
    command: "zip",
    arguments: (paths: readonly string[]) => ["-0", "-q", "-j", "-", ...paths],
  },
  "python-zipfile": {
    command: "python3",
    arguments: (paths: readonly string[]) => [program, ...paths],
  },
} as const;
export type ToolName = keyof typeof tools;

/**
 * Whether this machine has the program and can measure it, for which it must be Linux. If not,
 * prints why.
 */
export function hasTool(name: ToolName): boolean {
  const { command } = tools[name];
  const { error } = spawnSync(command, ["--version"], { stdio: "ignore" });
  if (!error && process.platform === "linux") return true;
  console.error(`files: ${name} skipped, ${error ? `${command} is missing` : "it needs Linux"}`);
  return false;
}

/**
 * The interval at which the kernel's peak figure is read. It only grows, so the last reading
 * counts.
 */
const READ_PEAK_MS = 10;

/**
 * Creates a contestant that starts a program for each request and pipes its output into the
 * response. The figures are those of the program alone, from its start, without the cost of the
 * pipe and the response.
 */
export function createToolContestant(name: ToolName): Contestant {
  return async (input, _request, response) => {
    const { command, arguments: of } = tools[name];
    const before = childrenCpuMs();
    const child = spawn(command, of(pathsOf(input)), { stdio: ["ignore", "pipe", "pipe"] });
    const said = text(child.stderr);
    const exited = new Promise<number | null>((resolve, reject) => {
      child.on("exit", resolve).on("error", reject);
    });
    let peakBytes = 0;
    const reading = setInterval(() => {
      if (child.exitCode !== null || child.pid === undefined) return;
      peakBytes = Math.max(peakBytes, peakBytesOf(child.pid) || 0);
    }, READ_PEAK_MS);
    try {
      const [status] = await Promise.all([exited, pipeline(child.stdout, response)]);
      if (status !== 0) throw new Error(`${command} exited with ${status}: ${await said}`);
      return { cpuMs: childrenCpuMs() - before, idleBytes: 0, peakBytes };
    } finally {
      clearInterval(reading);
      child.kill();
    }
  };
}

function pathsOf({ folder }: Input): string[] {
  if (!folder) throw new Error("an external program can only read files");
  return folder.files.map(({ name }) => join(folder.root, name));
}

/**
 * The unit in which Linux reports a process's time: 100 ticks a second (`man 5 proc`, `USER_HZ`).
 */
const TICK_MS = 10;

/** Returns the user and system CPU time of all children that have exited. */
function childrenCpuMs(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The second field is a name in parentheses, which may contain spaces; cutime and cstime are the
  // 16th and 17th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
