import pLimit, { type LimitFunction } from "p-limit";
import { isPassing } from "../async/retry.ts";
import { ZiplinkError } from "../errors.ts";
import type { Delivery, DeliveryCommand, DeliveryProgress, DeliveryStatus } from "./delivery.ts";
import type { DeliveryRequest, DeliveryTerms } from "./delivery-request.ts";
import type { DeliveryChange } from "./delivery-states.ts";
import { type DeliveryTools, Stopped } from "./delivery-tools.ts";
import { moveDelivery, noDelivery, shownStatus } from "./move-delivery.ts";
import { DeliveryTasks } from "./tasks.ts";
import { Wakers } from "./wakers.ts";

/** Events of deliveries, for monitoring and notices. */
export interface DeliveryEvent {
  readonly event: "delivery_started" | "delivery_ended";
  readonly delivery: Delivery;
}

/** How deliveries are made in this process. */
export interface DeliveriesOptions {
  readonly tools: DeliveryTools;
  /** Deliveries that are made at once; others wait. */
  readonly maxActive: number;
  /** Called when one starts here, and when one has ended. May reject: that changes nothing. */
  readonly onEvent: (event: DeliveryEvent) => Promise<void> | void;
}

/** A new delivery, for a caller whose right to it has been established. */
export interface NewDelivery {
  readonly id: string;
  readonly caller: string;
  readonly request: DeliveryRequest;
  readonly terms: DeliveryTerms;
}

interface Active {
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
  progress: DeliveryProgress | undefined;
}

/**
 * Deliveries of this process and of all others that share its state store. Methods that take an `id` and a
 * `caller` reject with `not_found` for a delivery of somebody else's, as if there were none.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #tasks: DeliveryTasks;
  readonly #limit: LimitFunction;
  readonly #active = new Map<string, Active>();
  readonly #wakers = new Wakers();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#tasks = new DeliveryTasks(options.tools);
    this.#limit = pLimit(options.maxActive);
  }

  /**
   * Creates a delivery and begins to make it. The same request with the same id again returns what has
   * become of it; another request with that id is refused with `conflict`.
   */
  async create({ id, caller, request, terms }: NewDelivery): Promise<Delivery> {
    const { states, target } = this.#options.tools;
    target(terms.to);
    const now = new Date().toISOString();
    const { notify } = terms;
    const { delivery, isNew } = await states.create(
      {
        id,
        caller,
        status: "pending",
        created: now,
        updated: now,
        to: terms.to,
        replaces: terms.overwrite ? "anything" : "nothing",
        attempt: 1,
        notify: notify && { url: notify.url, events: notify.events ?? ["completed", "failed"] },
      },
      request,
    );
    if (isNew) {
      this.start(id);
      return delivery;
    }
    const before = JSON.stringify(await states.request(id));
    if (
      delivery.caller !== caller ||
      delivery.to !== terms.to ||
      before !== JSON.stringify(request)
    ) {
      throw new ZiplinkError("conflict", "There is another delivery with this Idempotency-Key.");
    }
    return delivery;
  }

  /** Returns a delivery of the caller's. */
  async get(id: string, caller: string): Promise<Delivery> {
    const found = await this.#options.tools.states.get(id);
    if (found?.delivery.caller !== caller) throw noDelivery();
    return found.delivery;
  }

  /** Returns how far a delivery is: as of this process, or of the worker's last record. */
  async progress(delivery: Delivery): Promise<DeliveryProgress> {
    const { id, attempt, total = null, status, result } = delivery;
    const here = this.#active.get(id)?.progress;
    if (here) return here;
    if (status === "completed" && result)
      return { bytes: result.size, total: result.size, parts: 0 };
    const records = await this.#options.tools.states.records(id, attempt);
    const sum = (of: (record: { bytes: number; parts: number }) => number) =>
      records.reduce((all, record) => all + of(record), 0);
    return { bytes: sum(({ bytes }) => bytes), total, parts: sum(({ parts }) => parts) };
  }

  /** Returns the caller's deliveries, the latest first. */
  async list(caller: string, status?: DeliveryStatus): Promise<Delivery[]> {
    const found: Delivery[] = [];
    for await (const delivery of this.#options.tools.states.list()) {
      if (delivery.caller !== caller) continue;
      if (status === undefined || shownStatus(delivery) === status) found.push(delivery);
    }
    return found.sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
  }

  /** Stops a delivery for good and gives its upload up. */
  async cancel(id: string, caller: string): Promise<Delivery> {
    const delivery = await this.#move("cancel", id, caller);
    await this.#stop(id);
    await this.#tasks.undo(id);
    await this.#tell({ event: "delivery_ended", delivery });
    return (await this.#options.tools.states.get(id))?.delivery ?? delivery;
  }

  /** Stops a delivery until it is resumed; what has been sent stays with its upload. */
  async pause(id: string, caller: string): Promise<Delivery> {
    const delivery = await this.#move("pause", id, caller);
    await this.#stop(id);
    return delivery;
  }

  /** Goes on with a delivery that is paused, or whose process has ended. */
  async resume(id: string, caller: string): Promise<Delivery> {
    const delivery = await this.#move("resume", id, caller);
    this.start(id);
    return delivery;
  }

  /** Makes a delivery that is over once more, from the beginning. */
  async restart(id: string, caller: string): Promise<Delivery> {
    const { states } = this.#options.tools;
    await this.#tasks.undo(id);
    const delivery = await this.#move("restart", id, caller, ({ attempt, result, replaces }) => ({
      attempt: attempt + 1,
      // A delivery may replace its own object.
      replaces: result && replaces === "nothing" ? { version: result.version } : replaces,
      upload: undefined,
      result: undefined,
      error: undefined,
      total: undefined,
      partBytes: undefined,
      age: undefined,
    }));
    await states.clear(id);
    this.start(id);
    return delivery;
  }

  /** Compares the object with the result. Rejects with `changed` or `not_found` where it is another one. */
  async verify(id: string, caller: string): Promise<Delivery> {
    const delivery = await this.#move("verify", id, caller);
    const { destination, key } = this.#options.tools.target(delivery.to);
    const object = await destination.find(key);
    if (!object) {
      throw new ZiplinkError("not_found", "The delivered object is gone. Restart the delivery.");
    }
    const { version, size } = delivery.result ?? {};
    if (object.version !== version || object.size !== size) {
      throw new ZiplinkError(
        "changed",
        "Another object has taken the place of the delivered one. Restart the delivery.",
      );
    }
    return delivery;
  }

  /** Removes what is kept of a delivery that is over; the delivered object stays. */
  async forget(id: string, caller: string): Promise<void> {
    await this.#move("forget", id, caller);
    await this.#tasks.undo(id);
    await this.#options.tools.states.remove(id);
  }

  /**
   * Yields a delivery and its progress whenever either has changed, until it is over.
   *
   * @param everyMs how often to look for what other processes do. Milliseconds
   */
  async *watch(id: string, caller: string, everyMs: number, signal: AbortSignal) {
    let last = "";
    for (;;) {
      const delivery = await this.get(id, caller);
      const progress = await this.progress(delivery);
      const now = JSON.stringify([delivery.nonce, progress]);
      if (now !== last) yield { delivery, progress };
      last = now;
      if (["completed", "failed", "cancelled"].includes(delivery.status)) return;
      await this.#wakers.wait(id, everyMs, signal);
    }
  }

  /** Begins, or goes on, to make a delivery here, unless that is under way. */
  start(id: string): void {
    if (this.#active.has(id)) return;
    const stopping = new AbortController();
    const ended = this.#limit(() => this.#make(id, stopping.signal))
      .catch(() => undefined) // the state store is down: the delivery goes on when it is resumed
      .finally(() => {
        if (this.#active.get(id)?.stopping === stopping) this.#active.delete(id);
        this.#wakers.wake(id);
      });
    this.#active.set(id, { stopping, ended, progress: undefined });
  }

  /** Resolves once the delivery is no longer made here, however it came to that. */
  async ended(id: string): Promise<void> {
    await this.#active.get(id)?.ended;
  }

  /** The tools that they are made with. */
  get tools(): DeliveryTools {
    return this.#options.tools;
  }

  /** How many deliveries are made here or wait for it. */
  get active(): number {
    return this.#active.size;
  }

  /** Stops all work of this process; the deliveries go on when they are resumed. */
  async close(): Promise<void> {
    await Promise.all([...this.#active.keys()].map((id) => this.#stop(id)));
  }

  async #make(id: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const before = (await this.#options.tools.states.get(id))?.delivery;
    if (before) await this.#tell({ event: "delivery_started", delivery: before });
    const delivery = await this.#tasks.run(id, signal, (progress) => {
      const active = this.#active.get(id);
      if (active) active.progress = progress;
      this.#wakers.wake(id);
    });
    const isOver = delivery && ["completed", "failed", "paused"].includes(delivery.status);
    if (isOver && !signal.aborted) await this.#tell({ event: "delivery_ended", delivery });
  }

  #move(
    command: DeliveryCommand,
    id: string,
    caller: string,
    changes?: (delivery: Delivery) => DeliveryChange,
  ): Promise<Delivery> {
    return moveDelivery(this.#options.tools.states, { command, id, caller, changes });
  }

  async #stop(id: string): Promise<void> {
    const active = this.#active.get(id);
    active?.stopping.abort(new Stopped());
    await active?.ended;
  }

  async #tell(event: DeliveryEvent): Promise<void> {
    try {
      await this.#options.onEvent(event);
    } catch (error) {
      if (!(error instanceof ZiplinkError) && !isPassing(error)) throw error;
    }
  }
}
