import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const script = join(import.meta.dirname, "../../scripts/ziplink.ts");

/** A line of `--json`. */
export interface DeliverLine {
  readonly id?: string;
  readonly status?: string;
  readonly bytes?: number;
  readonly parts?: number;
  readonly error?: { readonly code: string; readonly detail: string };
  readonly result?: { readonly size: number; readonly checksums: Record<string, string> };
}

/** How a run of the command has ended. */
export interface DeliverOutcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly DeliverLine[];
  readonly stderr: string;
}

/**
 * Runs `ziplink deliver --json` with these arguments.
 *
 * @param onLine called for each line, with the process, which it may end
 */
export async function runDeliver(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onLine: (line: DeliverLine, child: ChildProcess) => void = () => undefined,
): Promise<DeliverOutcome> {
  const child = spawn(process.execPath, [script, "deliver", ...args, "--json"], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: DeliverLine[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as DeliverLine;
    lines.push(line);
    onLine(line, child);
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, lines, stderr };
}
