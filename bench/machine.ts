import { readFile } from "node:fs/promises";
import { cpus, platform, release, totalmem, type } from "node:os";

/** The machine that the benchmark ran on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly arch: string;
  readonly node: string;
}

/** Describes this machine. On Linux, the system is the name of the distribution. */
export async function describeMachine(): Promise<Machine> {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: platform() === "linux" ? await distribution() : `${type()} ${release()}`,
    arch: process.arch,
    node: process.versions.node,
  };
}

/** Returns the system's own name (os-release(5)). A small container may have none. */
async function distribution(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? "Linux";
}
