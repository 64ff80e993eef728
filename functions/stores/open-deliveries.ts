import type { BlobSource } from "../../core/blob-source.ts";
import { createSealedHeaders } from "../../core/delivery/age-headers.ts";
import { Deliveries, type DeliveryEvent } from "../../core/delivery/deliveries.ts";
import type { UrlSource } from "../../core/delivery/delivery-plan.ts";
import { DeliveryStates } from "../../core/delivery/delivery-states.ts";
import { createResilientUrls } from "../../core/delivery/resilient-urls.ts";
import type { OnUnreadable } from "../../core/planning/find-objects.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import type { PlanLimits } from "../../core/planning/plan-limits.ts";
import {
  type ResilienceOptions,
  ResilientSource,
} from "../../core/source/resilience/resilient-source.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";
import type { DeliveryConfig } from "../config/delivery-config.ts";
import type { StoresConfig } from "../config/stores-config.ts";
import { openStateStore } from "./delivery-stores.ts";
import { type DeliveryPlace, findPlace, openPlaces } from "./places.ts";

/** Parts of the service that deliveries use too. */
export interface OpenDeliveriesOptions {
  readonly source: BlobSource;
  readonly limits: PlanLimits;
  /** Outcome for an archive of a prefix with unreadable objects; see `PlanOptions`. */
  readonly onUnreadable?: OnUnreadable;
  readonly resilience: ResilienceOptions;
  readonly observe: (event: StoreEvent) => void;
  readonly onEvent: (event: DeliveryEvent) => Promise<void> | void;
}

/** How often a worker records what it has learnt. Milliseconds. */
const RECORD_MS = 5_000;

/** Deliveries as the settings describe them, and the places that they go to. */
export interface OpenedDeliveries {
  readonly deliveries: Deliveries;
  readonly places: readonly DeliveryPlace[];
  readonly states: DeliveryStates;
}

/** Opens the state store and all destinations. */
export async function openDeliveries(
  config: DeliveryConfig,
  stores: StoresConfig,
  options: OpenDeliveriesOptions,
): Promise<OpenedDeliveries> {
  const { limits, onUnreadable } = options;
  const states = new DeliveryStates(await openStateStore(config.store, stores));
  const places = await openPlaces(config.destinations, stores, options.observe);
  const source = new ResilientSource(options.source, options.resilience);
  const urls = config.urlHosts.length > 0 ? await openUrls(config.urlHosts) : undefined;
  const openUrlsOnce = urls && createResilientUrls(urls, options.resilience);
  const deliveries = new Deliveries({
    tools: {
      states,
      open: () => ({
        source: source.forDownload(),
        urls: openUrlsOnce?.(),
      }),
      plan: (spec, from, signal) => planArchive(spec, from, { limits, onUnreadable, signal }),
      target(to) {
        const { place, key } = findPlace(places, to);
        return { destination: place.destination, key };
      },
      headers: createSealedHeaders(Buffer.from(config.secret)),
      concurrency: config.concurrency,
      partBytes: config.partBytes,
      maxBytes: limits.maxBytes,
      recordMs: RECORD_MS,
    },
    maxActive: config.maxActive,
    onEvent: options.onEvent,
  });
  return { deliveries, places, states };
}

async function openUrls(allowed: readonly string[]): Promise<UrlSource> {
  const { createUrlHosts } = await import("../../adapters/http/url-hosts.ts");
  const { createUrlSource } = await import("../../adapters/http/url-source.ts");
  return createUrlSource({ hosts: createUrlHosts(allowed) });
}
