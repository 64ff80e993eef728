import { type Backoff, isPassingStatus, retryDelay } from "../../../core/async/retry.ts";
import { checkRange, parseContentRange } from "../../../core/input/content-range.ts";
import { parseRetryAfter } from "../../../core/input/retry-after.ts";
import { fill } from "../formats.ts";
import { PassingProblem, Problem, problem } from "./problem.ts";
import { texts } from "./texts.ts";

/** The archive, or part of one, to download. */
export interface Target {
  readonly url: string;
  /** Strong entity tag, including its quotes. */
  readonly etag: string;
  /** Length in bytes. */
  readonly length: number;
}

/** Options of `fetchPart`. */
export interface PartOptions {
  /** Aborting it ends the download with the signal's reason. */
  readonly signal: AbortSignal;
  /** Called with the reason when no data arrives, and with `undefined` when it arrives again. */
  readonly onTrouble: (text: string | undefined) => void;
}

/** Attempts in a row that may bring no data before a person has to decide. */
const MAX_FAILURES = 10;
/** A person at the page would rather be told to come back than wait for longer than `maxAskedMs`. */
const BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000, maxAskedMs: 300_000 };
/** How long no data may arrive before an attempt counts as failed. */
const STALL_MS = 45_000;

/**
 * Yields bytes `[start, end)` of exactly this target, in as many requests as it takes: a server may send less than
 * requested (RFC 9110, 15.3.7), and connections break. Throws `Problem` once another attempt is pointless.
 */
export async function* fetchPart(
  target: Target,
  start: number,
  end: number,
  { signal, onTrouble }: PartOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let position = start;
  let isTroubled = false;
  for (let failures = 0; position < end; ) {
    signal.throwIfAborted();
    try {
      for await (const chunk of attempt(target, position, end, signal)) {
        if (isTroubled) onTrouble(undefined);
        isTroubled = false;
        failures = 0;
        position += chunk.length;
        yield chunk;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
      const passing = error instanceof PassingProblem ? error : new PassingProblem("unreachable");
      isTroubled = true;
      if (navigator.onLine) failures++;
      const wait = retryDelay(failures, passing.retryAfterMs, BACKOFF);
      if (failures > MAX_FAILURES || wait === undefined) throw problem("gaveUp", error);
      onTrouble(
        navigator.onLine ? fill(texts.retrying, { reason: passing.message }) : texts.offline,
      );
      await pause(wait, signal);
    }
  }
}

/** Sends one request and yields its bytes; throws unless all bytes that the response announced arrive. */
async function* attempt(
  { url, etag, length }: Target,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const stalled = new AbortController();
  const giveUp = () => stalled.abort();
  let timer = setTimeout(giveUp, STALL_MS);
  // A lost connection goes unnoticed as long as nothing is sent.
  addEventListener("offline", giveUp);
  signal.addEventListener("abort", giveUp);
  try {
    const response = await fetch(url, {
      headers: { Range: `bytes=${start}-${end - 1}`, "If-Match": etag },
      cache: "no-store",
      signal: stalled.signal,
    });
    if (response.status !== 206) throw refusal(response);
    const stated = parseContentRange(response.headers.get("Content-Range"));
    const sentEnd = checkRange(stated, { start, end, size: length });
    const isOther = typeof sentEnd === "string" || response.headers.get("ETag") !== etag;
    if (isOther || response.body === null) throw new PassingProblem("otherPart");
    let left = sentEnd - start;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(giveUp, STALL_MS);
      left -= value.length;
      if (left < 0) throw new PassingProblem("otherPart");
      yield value;
    }
    if (left > 0) throw new PassingProblem("unreachable");
  } finally {
    clearTimeout(timer);
    removeEventListener("offline", giveUp);
    signal.removeEventListener("abort", giveUp);
    giveUp(); // stops a response that was not read to its end
  }
}

function refusal({ status, headers }: Response): Error {
  if (isPassingStatus(status)) {
    const retryAfterMs = parseRetryAfter(headers.get("Retry-After"), headers.get("Date"));
    return new PassingProblem("serverBusy", retryAfterMs);
  }
  if (status === 410) return problem("expired");
  return problem(status === 412 || status === 416 ? "changed" : "refused");
}

/** Waits before another attempt; the wait ends at once when the browser is back online. */
function pause(wait: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // While offline, the `online` event ends the wait; browsers that miss it still try now and then.
    const timer = setTimeout(end, navigator.onLine ? wait : BACKOFF.maxMs);
    const abort = () => end(signal.reason);
    function end(reason?: unknown): void {
      clearTimeout(timer);
      removeEventListener("online", onOnline);
      signal.removeEventListener("abort", abort);
      if (reason === undefined) resolve();
      else reject(reason);
    }
    const onOnline = () => end();
    addEventListener("online", onOnline);
    signal.addEventListener("abort", abort);
  });
}
