import { createMemoryDestination } from "../../adapters/memory/destination.ts";
import { createMemorySource, type MemorySource } from "../../adapters/memory/source.ts";
import { createMemoryStateStore } from "../../adapters/memory/state-store.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { createSealedHeaders } from "../../core/delivery/age-headers.ts";
import type { BlobDestination } from "../../core/delivery/blob-destination.ts";
import { Deliveries, type DeliveryEvent } from "../../core/delivery/deliveries.ts";
import type { Delivery } from "../../core/delivery/delivery.ts";
import type { UrlSource } from "../../core/delivery/delivery-plan.ts";
import type { DeliveryRequest, DeliveryTerms } from "../../core/delivery/delivery-request.ts";
import { DeliveryStates } from "../../core/delivery/delivery-states.ts";
import type { DeliveryTools } from "../../core/delivery/delivery-tools.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { collect } from "./bytes.ts";

/** Parts that a test bed of deliveries may replace; the rest is in memory. */
export interface DeliveryBedOptions {
  readonly source?: BlobSource;
  readonly urls?: UrlSource;
  readonly destination?: (made: BlobDestination) => BlobDestination;
  readonly store?: StateStore;
  readonly tools?: Partial<DeliveryTools>;
}

/** Deliveries of objects in memory into memory. */
export interface DeliveryBed {
  readonly objects: MemorySource;
  /** Where delivered objects become visible. */
  readonly delivered: MemorySource;
  readonly destination: BlobDestination;
  readonly deliveries: Deliveries;
  readonly states: DeliveryStates;
  readonly events: DeliveryEvent[];
  readonly tools: DeliveryTools;
  /** Another process that shares the state. */
  another(): Deliveries;
  /** Begins a delivery to `mem://out/KEY`; returns its id. */
  begin(request: DeliveryRequest, terms?: Partial<DeliveryTerms>): Promise<string>;
  /** Begins one and waits until it is over or paused. */
  deliver(request: DeliveryRequest, terms?: Partial<DeliveryTerms>): Promise<Delivery>;
  /** The bytes of the delivered object. */
  read(key?: string): Promise<Buffer | undefined>;
  /** How many uploads the destination has. */
  uploads(): Promise<number>;
}

export function createDeliveryBed(options: DeliveryBedOptions = {}): DeliveryBed {
  const objects = createMemorySource();
  const delivered = createMemorySource();
  const made = createMemoryDestination({ source: delivered });
  const destination = options.destination?.(made) ?? made;
  const store = options.store ?? createMemoryStateStore();
  const states = new DeliveryStates(store);
  const events: DeliveryEvent[] = [];
  const source = options.source ?? objects;
  const tools: DeliveryTools = {
    states,
    open: () => ({ source, urls: options.urls }),
    plan: (spec, from, signal) => planArchive(spec, from, { signal }),
    target: (to) => ({ destination, key: to.replace("mem://out/", "") }),
    headers: createSealedHeaders(Buffer.alloc(32, "secret")),
    concurrency: 3,
    partBytes: 1000,
    maxBytes: 1_000_000,
    recordMs: 10,
    ...options.tools,
  };
  const another = () =>
    new Deliveries({ tools, maxActive: 4, onEvent: (event) => void events.push(event) });
  const deliveries = another();
  let ids = 0;

  const bed: DeliveryBed = {
    objects,
    delivered,
    destination,
    deliveries,
    states,
    events,
    tools,
    another,
    async begin(request, terms = {}) {
      const id = `delivery-${++ids}`;
      const to = "mem://out/a.zip";
      await deliveries.create({ id, caller: "caller", request, terms: { to, ...terms } });
      return id;
    },
    async deliver(request, terms) {
      const id = await bed.begin(request, terms);
      await deliveries.ended(id);
      return deliveries.get(id, "caller");
    },
    async read(key = "a.zip") {
      const blob = await delivered.stat(key).catch(() => undefined);
      return blob && collect(await delivered.open(blob, { start: 0, end: blob.size }));
    },
    async uploads() {
      let count = 0;
      for await (const _ of made.uploads("")) count++;
      return count;
    },
  };
  return bed;
}
