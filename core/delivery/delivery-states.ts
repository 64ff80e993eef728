import { ZiplinkError } from "../errors.ts";
import type { Delivery, DeliveryRecord } from "./delivery.ts";
import type { CallRetries } from "./retried.ts";
import { type StateStore, withStateRetries } from "./state-store.ts";

/** A delivery as it was read, and its version for the next write. */
export interface FoundDelivery {
  readonly delivery: Delivery;
  readonly version: string;
}

/** The delivery after a change; `undefined` where it stays as it is. */
export type DeliveryChange = Partial<Omit<Delivery, "id" | "caller" | "created" | "nonce">>;

/** How often a write is tried again that others have come before. */
const MAX_CONFLICTS = 50;

/** Deliveries in a state store, whose passing failures do not show. */
export class DeliveryStates {
  readonly #store: StateStore;

  constructor(store: StateStore, retries?: CallRetries) {
    this.#store = withStateRetries(store, retries);
  }

  /**
   * Keeps a new delivery with its request. Tells whether it is new: where there is one of this id
   * already, that one is returned.
   */
  async create(
    delivery: Omit<Delivery, "nonce">,
    request: unknown,
    signal?: AbortSignal,
  ): Promise<{ readonly delivery: Delivery; readonly isNew: boolean }> {
    // The request first: whoever sees the delivery finds it.
    await this.#store.put(`${delivery.id}/request`, toBytes(request), "nothing", signal);
    const made = { ...delivery, nonce: crypto.randomUUID() };
    const version = await this.#store.put(nameOf(made.id), toBytes(made), "nothing", signal);
    if (version !== undefined) return { delivery: made, isNew: true };
    const found = await this.get(delivery.id, signal);
    return { delivery: found?.delivery ?? made, isNew: false };
  }

  /** Returns the delivery, if there is one. */
  async get(id: string, signal?: AbortSignal): Promise<FoundDelivery | undefined> {
    const found = await this.#store.get(nameOf(id), signal);
    if (!found) return undefined;
    return { delivery: fromBytes(found.bytes) as Delivery, version: found.version };
  }

  /**
   * Changes a delivery, as often as others come first. Returns what it has become, or `undefined` if there
   * is none.
   *
   * @param change makes the change of what the delivery is at the time; `undefined` leaves it as it is
   */
  async update(
    id: string,
    change: (delivery: Delivery) => DeliveryChange | undefined,
    signal?: AbortSignal,
  ): Promise<Delivery | undefined> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const found = await this.get(id, signal);
      if (!found) return undefined;
      const { delivery, version } = found;
      const changes = change(delivery);
      if (changes === undefined) return delivery;
      const updated = new Date().toISOString();
      const next = { ...delivery, ...changes, updated, nonce: crypto.randomUUID() };
      if (await this.#store.put(nameOf(id), toBytes(next), { version }, signal)) return next;
    }
    throw new ZiplinkError("unavailable", "The delivery is being changed by many. Try again.");
  }

  /** Yields all deliveries, in no particular order. */
  async *list(signal?: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    for await (const name of this.#store.list("", signal)) {
      if (!name.endsWith("/op")) continue;
      const found = await this.get(name.slice(0, -"/op".length), signal);
      if (found) yield found.delivery;
    }
  }

  /** Removes everything that is kept of a delivery, itself last. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    const names: string[] = [];
    for await (const name of this.#store.list(`${id}/`, signal)) names.push(name);
    const last = nameOf(id);
    for (const name of names.filter((one) => one !== last)) await this.#store.remove(name, signal);
    await this.#store.remove(last, signal);
  }

  /** Removes the plan and the records, for a delivery that begins anew. */
  async clear(id: string, signal?: AbortSignal): Promise<void> {
    const kept = [nameOf(id), `${id}/request`];
    const names: string[] = [];
    for await (const name of this.#store.list(`${id}/`, signal)) names.push(name);
    for (const name of names) if (!kept.includes(name)) await this.#store.remove(name, signal);
  }

  /** Returns the request that the delivery was created with. */
  async request(id: string, signal?: AbortSignal): Promise<unknown> {
    return this.#read(`${id}/request`, signal);
  }

  /** Keeps the plan of an attempt, unless there is one; returns the one that counts. */
  async keepPlan(id: string, attempt: number, plan: unknown, signal?: AbortSignal) {
    const name = `${id}/plan.${attempt}`;
    const isKept = await this.#store.put(name, toBytes(plan), "nothing", signal);
    return isKept === undefined ? await this.#read(name, signal) : plan;
  }

  /** Returns the plan of an attempt, if it has been made. */
  async plan(id: string, attempt: number, signal?: AbortSignal): Promise<unknown> {
    return this.#read(`${id}/plan.${attempt}`, signal);
  }

  /** Keeps a worker's record, in place of its last one. */
  async keepRecord(
    id: string,
    attempt: number,
    worker: number,
    record: DeliveryRecord,
    signal?: AbortSignal,
  ): Promise<void> {
    const name = `${id}/shard.${attempt}/${worker}`;
    await this.#store.put(name, toBytes(record), "anything", signal);
  }

  /** Returns the records of all workers of an attempt. */
  async records(id: string, attempt: number, signal?: AbortSignal): Promise<DeliveryRecord[]> {
    const records: DeliveryRecord[] = [];
    for await (const name of this.#store.list(`${id}/shard.${attempt}/`, signal)) {
      const record = await this.#read(name, signal);
      if (record !== undefined) records.push(record as DeliveryRecord);
    }
    return records;
  }

  async #read(name: string, signal?: AbortSignal): Promise<unknown> {
    const found = await this.#store.get(name, signal);
    return found && fromBytes(found.bytes);
  }
}

function nameOf(id: string): string {
  return `${id}/op`;
}

function toBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function fromBytes(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}
