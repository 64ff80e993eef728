import { channel } from "node:diagnostics_channel";
import type { ZiplinkError } from "../errors.ts";
import type { ObjectStore } from "./object-store.ts";
import { type StoreFailure, storeError } from "./store-errors.ts";

/**
 * A failure of a store, as the channel `ziplink:store` of `node:diagnostics_channel` publishes it. It names
 * objects, which the log must never do: for debugging only.
 */
export interface StoreMessage {
  /** `retried`: the call is made again after `waitMs`. `failed`: it is given up. */
  readonly event: "retried" | "failed";
  /** The method of `BlobSource` or `ObjectStore`; `read` covers both `open` and the bytes that follow. */
  readonly operation: StoreOperation;
  /** The object's key or name; the prefix of a listing. */
  readonly key: string;
  /** Usually a `ZiplinkError`, whose `cause` is the store's own error; any other error is a defect. */
  readonly error: unknown;
  /** Number of consecutive failures of this call, including this one. */
  readonly failures: number;
  /** Milliseconds until the next attempt; absent if there is none. */
  readonly waitMs?: number;
}

/** A call of a store; see `StoreMessage`. */
export type StoreOperation = "stat" | "list" | "read" | "get" | "put";

const storeChannel = channel("ziplink:store");

/** Publishes a failure on `ziplink:store`. Does nothing while the channel has no subscriber. */
export function publishStoreFailure(
  event: StoreMessage["event"],
  call: Pick<StoreMessage, "operation" | "key" | "failures">,
  error: unknown,
  waitMs?: number,
): void {
  if (!storeChannel.hasSubscribers) return;
  const { operation, key, failures } = call;
  const wait = waitMs === undefined ? {} : { waitMs };
  const message: StoreMessage = { event, operation, key, error, failures, ...wait };
  storeChannel.publish(message);
}

/** Returns the error for bytes of an object that are not what the store stated, and publishes it. */
export function publishedReadError(failure: StoreFailure, key: string): ZiplinkError {
  const error = storeError(failure);
  publishStoreFailure("failed", { operation: "read", key, failures: 1 }, error);
  return error;
}

/** Returns `objects` with its failures published. Not those of calls that were aborted, except by a timeout. */
export function publishingFailures(objects: ObjectStore): ObjectStore {
  async function watched<T>(
    operation: "get" | "put",
    key: string,
    call: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const isAbandoned = signal?.aborted && signal.reason?.name !== "TimeoutError";
      if (!isAbandoned) publishStoreFailure("failed", { operation, key, failures: 1 }, error);
      throw error;
    }
  }
  return {
    get: (name, signal) => watched("get", name, () => objects.get(name, signal), signal),
    put: (name, bytes, signal) =>
      watched("put", name, () => objects.put(name, bytes, signal), signal),
  };
}
