import type { Dispatcher } from "undici";
import { abortable, follow } from "../../core/async/abortable.ts";
import { storeError } from "../../core/source/store-errors.ts";
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

/**
 * Answers with a 1xx status (RFC 9110, 15.2) that are ignored before the final one. Servers send one or two.
 */
const MAX_INTERIM_ANSWERS = 16;

/** Makes requests with the pool and the headers of one source. */
export function createRequester(options: RequesterOptions): Requester {
  const { dispatcher, timeoutMs, reuseAfterHead = false } = options;
  const ownHeaders = Object.fromEntries(
    Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return async (method, url, headers, signal) => {
    signal?.throwIfAborted();
    const attempt = new AbortController();
    const unfollow = follow(signal, attempt);
    const interim = limitInterimAnswers(attempt, timeoutMs);
    try {
      const request = dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...ownHeaders, "accept-encoding": "identity", ...headers },
        signal: attempt.signal,
        ...(reuseAfterHead && { reset: false }),
        headersTimeout: timeoutMs,
        bodyTimeout: 0,
        onInfo: interim.count,
      });
      // undici ignores an abort while it waits for a connection; its own abort ends the request
      // afterwards.
      const answer = await abortable(request, attempt.signal);
      // Errors are reported to the body's reader; those of an abandoned body concern nobody.
      answer.body.on("error", () => undefined);
      answer.body.once("close", unfollow);
      const error = refusal(answer, url);
      if (error) {
        await discard(answer.body);
        throw error;
      }
      return answer;
    } catch (error) {
      unfollow();
      signal?.throwIfAborted();
      throw translate(error);
    } finally {
      interim.end();
    }
  };
}

/**
 * Aborts `attempt` after too many interim answers, or if the final one does not follow the first of them in
 * time: undici's own time-out ends with the first.
 */
function limitInterimAnswers(attempt: AbortController, timeoutMs: number) {
  let answers = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    count() {
      answers++;
      timer ??= setTimeout(() => attempt.abort(storeError("timeout")), timeoutMs);
      if (answers > MAX_INTERIM_ANSWERS) attempt.abort(storeError("corrupt"));
    },
    end: () => clearTimeout(timer),
  };
}

/** Releases a body. A short rest is read first, since its connection would be lost otherwise. */
export async function discard(body: Answer["body"]): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_LIMIT.milliseconds);
  await body.dump({ limit: DISCARD_LIMIT.bytes, signal }).catch(() => undefined);
}
