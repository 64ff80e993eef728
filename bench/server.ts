/**
 * The process that one contestant runs in, for one run: `node server.ts TASK`. It serves the archive
 * of `task.input` at `/`, a small one at `/warm-up`, and tells its parent what `/` has cost it.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type ContestantName, contestants } from "./contestants/index.ts";
import { createInput, type InputSpec } from "./input.ts";
import { peakBytes, resetPeak, residentBytes } from "./memory.ts";

export interface Task {
  readonly contestant: ContestantName;
  readonly warmUp: InputSpec;
  readonly input: InputSpec;
}

/** What one request has cost the server. */
export interface ServerFigures {
  /** Time on a processor, user's and system's. */
  readonly cpuMs: number;
  /** Memory just before the request. */
  readonly idleBytes: number;
  /** The most memory while it was answered, less the idle. */
  readonly peakBytes: number;
}

export type ServerMessage =
  | { readonly kind: "listening"; readonly port: number }
  | ({ readonly kind: "measured" } & ServerFigures);

const task = JSON.parse(process.argv[2] ?? "") as Task;
const { send } = await contestants[task.contestant]();

const server = createServer((request, response) => {
  const isWarmUp = request.url === "/warm-up";
  const idleBytes = residentBytes();
  resetPeak();
  const before = process.cpuUsage();
  response.on("close", () => {
    if (isWarmUp || !response.writableFinished) return;
    const { user, system } = process.cpuUsage(before);
    tell({
      kind: "measured",
      cpuMs: (user + system) / 1000,
      idleBytes,
      peakBytes: Math.max(0, peakBytes() - idleBytes),
    });
  });
  send(createInput(isWarmUp ? task.warmUp : task.input), request, response).catch((error) => {
    console.error(error);
    response.destroy();
  });
});

server.listen(0, "127.0.0.1", () => {
  tell({ kind: "listening", port: (server.address() as AddressInfo).port });
});

function tell(message: ServerMessage): void {
  process.send?.(message);
}

// The parent is the only reason to be here; without it nobody would end this process.
process.on("disconnect", () => process.exit());
