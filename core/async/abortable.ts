/**
 * What `promise` comes to; rejects at once when `signal` aborts, whatever becomes of the promise. For
 * work that cannot be told to end, or that others wait for too.
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
 * What `action` comes to when `queue` gives it its turn; rejects at once when `signal` aborts
 * before that. An action that has begun is waited for: it heeds the signal itself, and lets go of
 * what it has.
 */
export async function inTurn<T>(
  queue: (action: () => Promise<T>) => Promise<T>,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  let hasBegun = false;
  const result = queue(async () => {
    // Told to the queue alone, which may count failures: the signal's reason may be one of a store.
    if (signal?.aborted) throw new DOMException("Nobody waits for it any more.", "AbortError");
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
 * Aborts `controller` as soon as `signal` is aborted, for its reason, until the function that is
 * returned is called. For what happens often: signals of `AbortSignal.any` stay with the one that they
 * follow, if that lives long, until the garbage collector has looked at all of memory.
 */
export function follow(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (!signal) return () => undefined;
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return () => signal.removeEventListener("abort", onAbort);
}
