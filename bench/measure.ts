import { type ChildProcess, fork } from "node:child_process";
import { on, once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { download } from "./download.ts";
import { entryCount, type InputSpec, payloadBytes } from "./input.ts";
import type { ServerFigures, ServerMessage, Task } from "./server.ts";

/** The figures of one run. */
export interface Figures extends ServerFigures {
  /** From the start of the client's connection to the last byte. */
  readonly seconds: number;
  /** From the request, before any connection, to the first byte of the body. */
  readonly firstByteMs: number;
}

const serverPath = fileURLToPath(import.meta.resolve("./server.ts"));

/**
 * Runs `task` in a separate process. Rejects if the archive's length cannot be right, if it takes
 * longer than `timeoutMs`, or when `signal` aborts. Leaves no process behind.
 */
export async function measure(
  task: Task,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Figures> {
  const ended = new AbortController();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs), ended.signal]);
  const server = fork(serverPath, [JSON.stringify(task)], { stdio: ["ignore", 2, 2, "ipc"] });
  try {
    const { port } = await receive(server, "listening", limit);
    await download(`http://127.0.0.1:${port}/warm-up`, limit);
    const [{ bytes, seconds }, { kind: _, ...figures }] = await Promise.all([
      download(`http://127.0.0.1:${port}/`, limit),
      receive(server, "measured", limit),
    ]);
    assertLength(bytes, task.input);
    const firstByteMs = await timeFirstByte(`http://127.0.0.1:${port}/first-byte`, limit);
    return { ...figures, seconds, firstByteMs };
  } catch (error) {
    if (limit.aborted && !signal.aborted) {
      throw new Error(`The run took longer than ${timeoutMs / 1000} s.`, { cause: error });
    }
    throw error;
  } finally {
    ended.abort();
    server.kill("SIGKILL");
  }
}

/**
 * Times the first byte with a separate request, after the measured one: curl reports the start of
 * the headers, which some contestants send long before the body. The client disconnects after the
 * first byte.
 */
async function timeFirstByte(url: string, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const request = get(url, { agent: false });
  const [response] = (await once(request, "response", { signal })) as [IncomingMessage];
  await once(response, "readable", { signal });
  const elapsed = performance.now() - started;
  // The client disconnects, so the missing rest is expected.
  response.on("error", () => undefined).destroy();
  return elapsed;
}

async function receive<K extends ServerMessage["kind"]>(
  server: ChildProcess,
  kind: K,
  signal: AbortSignal,
): Promise<Extract<ServerMessage, { kind: K }>> {
  for await (const [message] of on(server, "message", { signal, close: ["exit"] })) {
    const received = message as ServerMessage;
    if (received.kind === kind) return received as Extract<ServerMessage, { kind: K }>;
  }
  throw new Error("The server exited before the run was complete.");
}

/**
 * Checks the length: around its entries, a ZIP has at most 256 bytes per entry and, in blocks,
 * 0.01% of the data.
 */
function assertLength(bytes: number, input: InputSpec): void {
  const payload = payloadBytes(input);
  const most = payload * 1.0001 + 256 * (entryCount(input) + 1);
  if (bytes >= payload && bytes <= most) return;
  throw new Error(`The client received ${bytes} bytes, but the entries have ${payload} bytes.`);
}
