import { constants } from "node:os";
import type { Drain } from "./drain.ts";

/** A server that can be stopped, such as Node's `http.Server`. */
export interface StoppableServer {
  close(): unknown;
  closeIdleConnections(): void;
  closeAllConnections(): void;
  once(event: "close", listener: () => void): unknown;
}

/**
 * How long before the end of its time a server breaks responses off: platforms that give the same time kill the
 * process then. In milliseconds.
 */
const MARGIN_MS = 500;

/** Time for that to reach the clients, before the connections are closed. In milliseconds. */
const CLOSING_MS = 250;

/**
 * Stops a server: accepts no connections, closes idle ones at once and others after their response, and breaks
 * off what is left shortly before `seconds` have passed. Resolves when it is closed.
 */
export async function stopServer(
  server: StoppableServer,
  drain: Drain,
  seconds: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  server.close();
  drain.begin(() => server.closeIdleConnections());
  const drainMs = Math.max(0, seconds * 1000 - MARGIN_MS);
  const timers = [
    setTimeout(() => drain.breakOff(), drainMs),
    setTimeout(() => server.closeAllConnections(), drainMs + CLOSING_MS),
  ];
  await closed;
  for (const timer of timers) clearTimeout(timer);
}

/**
 * Calls `stop` at the first SIGTERM or SIGINT. The process then ends by itself once nothing is left to do, at
 * the latest after `seconds`; at a second signal it ends at once.
 */
export function stopOnSignals(stop: () => Promise<void>, seconds: number): void {
  let isStopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(128 + constants.signals[signal]);
      isStopping = true;
      // For work without a connection, such as checksums that are being stored.
      setTimeout(() => process.exit(), seconds * 1000).unref();
      void stop();
    });
  }
}
