import type { DownloadEnded } from "./audit.ts";

/**
 * Waits for the first chunk of `stream` and returns an equivalent stream, so that errors before the first
 * byte can still be reported by an HTTP status. Rejects with the error of the first read.
 */
export async function prime(
  stream: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let first: Awaited<ReturnType<typeof reader.read>> | undefined = await reader.read();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = first ?? (await reader.read());
        first = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/**
 * Returns an equivalent stream that calls `onEnd` once, when `stream` has closed, errored or been cancelled
 * and has released its resources. Reads from `stream` only when it is itself read from.
 */
export function observeEnd(
  stream: ReadableStream<Uint8Array>,
  onEnd: (outcome: DownloadEnded["outcome"], sent: number, error?: unknown) => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let sent = 0;
  let cancelled = false;
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (cancelled) return;
          if (done) {
            onEnd("completed", sent);
            controller.close();
          } else {
            sent += value.length;
            controller.enqueue(value);
          }
        } catch (error) {
          if (!cancelled) onEnd("failed", sent, error);
          throw error;
        }
      },
      async cancel(reason) {
        cancelled = true;
        try {
          await reader.cancel(reason);
        } finally {
          onEnd("aborted", sent);
        }
      },
    },
    { highWaterMark: 0 },
  );
}
