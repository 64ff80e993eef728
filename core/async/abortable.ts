/**
 * Settles as `promise` does, but rejects at once when `signal` aborts, without waiting for the promise.
 * For work that cannot be cancelled, or that others wait for too.
 */
export async function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Runs `action` when `queue` gives it its turn and settles as it does; rejects at once when `signal`
 * aborts before that. An action that has begun is waited for: it must heed the signal itself and release
 * the resources it holds.
 */
export async function inTurn<T>(
  queue: (action: () => Promise<T>) => Promise<T>,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  let hasBegun = false;
  const result = queue(async () => {
    // Only the queue sees this error. A queue may count store failures, and the signal's own reason may
    // look like one.
    if (signal?.aborted)
      throw new DOMException("Nobody is waiting for this any more.", "AbortError");
    hasBegun = true;
    return action();
  });
  try {
    return await abortable(result, signal);
  } catch (error) {
    if (hasBegun) return result;
    throw error;
  }
}

/**
 * Aborts `controller` when `signal` aborts, with the same reason, until the returned function is called.
 * For frequent use: a signal made by `AbortSignal.any` stays attached to a long-lived signal that it
 * follows until a full garbage collection.
 */
export function follow(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (!signal) return () => undefined;
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return () => signal.removeEventListener("abort", onAbort);
}
