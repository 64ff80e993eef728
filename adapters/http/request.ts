import type { Dispatcher } from "undici";
import { abortable } from "../../core/async/abortable.ts";
import type { Answer } from "./answers.ts";
import { refusal, translate } from "./errors.ts";

/** How requests are made. */
export interface RequesterOptions {
  /** Must not follow redirects. */
  readonly dispatcher: Dispatcher;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The time limit for a response's headers. Milliseconds. */
  readonly timeoutMs: number;
  /**
   * Whether a connection is used again after a HEAD. undici closes it by default, as some servers send a
   * body then, which nobody asked for. Default false.
   */
  readonly reuseAfterHead?: boolean;
}

/**
 * Returns the response to a request if it is successful; otherwise rejects with the meaning of its
 * status.
 */
export type Requester = (
  method: "GET" | "HEAD",
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
) => Promise<Answer>;

/** How much of an unused response is read, and for how long, to keep its connection open. */
const DISCARD_LIMIT = { bytes: 16 * 1024, milliseconds: 1000 };

/** Makes requests with the pool and the headers of one source. */
export function createRequester(options: RequesterOptions): Requester {
  const { dispatcher, timeoutMs, reuseAfterHead = false } = options;
  const ownHeaders = Object.fromEntries(
    Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return async (method, url, headers, signal) => {
    signal?.throwIfAborted();
    try {
      const request = dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...ownHeaders, "accept-encoding": "identity", ...headers },
        signal: signal ?? null,
        ...(reuseAfterHead && { reset: false }),
        headersTimeout: timeoutMs,
        bodyTimeout: 0,
      });
      // undici ignores an abort while it waits for a connection; its own abort ends the request
      // afterwards.
      const answer = await abortable(request, signal);
      // Errors are reported to the body's reader; those of an abandoned body concern nobody.
      answer.body.on("error", () => undefined);
      const error = refusal(answer, url);
      if (error) {
        await discard(answer.body);
        throw error;
      }
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      throw translate(error);
    }
  };
}

/** Releases a body. A short rest is read first, since its connection would be lost otherwise. */
export async function discard(body: Answer["body"]): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_LIMIT.milliseconds);
  await body.dump({ limit: DISCARD_LIMIT.bytes, signal }).catch(() => undefined);
}
