import { clientTexts } from "../texts.ts";
import { PassingProblem, Problem, problem } from "./problem.ts";

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
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** How long no data may arrive before an attempt counts as failed. */
const STALL_MS = 45_000;

/** Statuses for which another attempt may succeed (RFC 9110, 15.6; RFC 6585, 4). */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

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
      if (failures > MAX_FAILURES) throw problem("gaveUp", error);
      onTrouble(navigator.onLine ? clientTexts.retrying(passing.message) : clientTexts.offline);
      await pause(passing.retryAfterMs, failures, signal);
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
    const [, first, last, total] =
      /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
    const isAsked = Number(first) === start && Number(last) < end && Number(total) === length;
    if (!isAsked || response.headers.get("ETag") !== etag || response.body === null) {
      throw new PassingProblem("otherPart");
    }
    let left = Number(last) + 1 - start;
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
  if (PASSING.has(status)) {
    return new PassingProblem("serverBusy", Number(headers.get("Retry-After") ?? 0) * 1000 || 0);
  }
  if (status === 410) return problem("expired");
  return problem(status === 412 || status === 416 ? "changed" : "refused");
}

/** Waits before another attempt; the wait ends at once when the browser is back online. */
function pause(askedMs: number, failures: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const backoff = Math.min(BACKOFF_MS * 2 ** Math.max(0, failures - 1), MAX_BACKOFF_MS);
    // Half of the wait is random, so that connections that broke together do not return together.
    const wait = Math.max(askedMs, backoff * (0.5 + Math.random() / 2));
    // While offline, the `online` event ends the wait; browsers that miss it still try now and then.
    const timer = setTimeout(end, navigator.onLine ? wait : MAX_BACKOFF_MS);
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
