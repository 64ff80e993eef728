/**
 * The process of one contestant, for one run: `node server.ts TASK`. Serves the archive of
 * `task.input` at `/` and a small one at `/warm-up`, and sends its parent the cost of `/`. At
 * `/first-byte` it serves the archive again, to a client that is expected to disconnect.
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

/** The cost of one request for the server. */
export interface ServerFigures {
  /** User and system CPU time. */
  readonly cpuMs: number;
  /** Memory just before the request. */
  readonly idleBytes: number;
  /** Peak memory during the request, above idle. */
  readonly peakBytes: number;
}

export type ServerMessage =
  | { readonly kind: "listening"; readonly port: number }
  | ({ readonly kind: "measured" } & ServerFigures);

const task = JSON.parse(process.argv[2] ?? "") as Task;
const { send } = await contestants[task.contestant]();

const server = createServer((request, response) => {
  const idleBytes = residentBytes();
  resetPeak();
  const before = process.cpuUsage();
  const sent = send(
    createInput(request.url === "/warm-up" ? task.warmUp : task.input),
    request,
    response,
  );
  sent.catch((error) => {
    if (request.url !== "/first-byte") console.error(error);
    response.destroy();
  });
  if (request.url !== "/") return;
  response.on("close", async () => {
    if (!response.writableFinished) return;
    const { user, system } = process.cpuUsage(before);
    const own = {
      cpuMs: (user + system) / 1000,
      idleBytes,
      peakBytes: Math.max(0, peakBytes() - idleBytes),
    };
    tell({ kind: "measured", ...((await sent) ?? own) });
  });
});

server.listen(0, "127.0.0.1", () => {
  tell({ kind: "listening", port: (server.address() as AddressInfo).port });
});

function tell(message: ServerMessage): void {
  process.send?.(message);
}

// Exits with its parent; otherwise, nobody would end this process.
process.on("disconnect", () => process.exit());
