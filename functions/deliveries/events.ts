/** How often a stream that has nothing to tell says so, that proxies do not end it. Milliseconds. */
const HEARTBEAT_MS = 15_000;

/**
 * Answers with server-sent events (HTML, 9.2): one named "delivery" for each change, until there are no
 * more. The stream ends with the request.
 */
export function streamEvents<T>(
  request: Request,
  watch: (signal: AbortSignal) => AsyncIterable<T>,
  { describe }: { readonly describe: (change: T) => Promise<unknown> },
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([request.signal, left.signal]);
  const changes = watch(signal)[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let heartbeat: NodeJS.Timeout | undefined;
  const end = () => {
    clearInterval(heartbeat);
    left.abort();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      heartbeat = setInterval(() => controller.enqueue(encoder.encode(":\n\n")), HEARTBEAT_MS);
      heartbeat.unref();
    },
    async pull(controller) {
      try {
        const { done, value } = await changes.next();
        if (done) {
          end();
          controller.close();
          return;
        }
        const data = JSON.stringify(await describe(value));
        controller.enqueue(encoder.encode(`event: delivery\ndata: ${data}\n\n`));
      } catch (error) {
        end();
        if (signal.aborted) controller.close();
        else controller.error(error);
      }
    },
    cancel: end,
  });
  return new Response(body, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    },
  });
}
