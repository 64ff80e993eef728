import { createUrlHosts } from "../../adapters/http/url-hosts.ts";
import type { Delivery } from "../../core/delivery/delivery.ts";
import { ResilientSource } from "../../core/source/resilience/resilient-source.ts";
import type { DeliveryConfig } from "../config/delivery-config.ts";
import type { StoresConfig } from "../config/stores-config.ts";
import { createNotifier } from "../deliveries/notify.ts";
import { type AddDeliveries, deliveryRoutes } from "../deliveries/routes.ts";
import { type OpenDeliveriesOptions, openDeliveries } from "./open-deliveries.ts";
import { findPlace } from "./places.ts";

/** Options of `openDeliveryRoutes`. */
export interface DeliveryEndpointOptions extends OpenDeliveriesOptions {
  /** Called when a notice has been sent or given up. */
  readonly onNotice: (outcome: "sent" | "given_up") => void;
}

/** Opens deliveries as the settings describe them. Returns the function that adds their routes. */
export async function openDeliveryRoutes(
  config: DeliveryConfig,
  stores: StoresConfig,
  options: DeliveryEndpointOptions,
): Promise<AddDeliveries> {
  const urlHosts = createUrlHosts(config.urlHosts);
  const notifyHosts = createUrlHosts(config.notifyHosts);
  const { notifySecret: secret, urlHosts: allowed } = config;
  const notify =
    secret === undefined
      ? async (_: Delivery) => undefined
      : createNotifier({ secret, agentFor: notifyHosts.agentFor, observe: options.onNotice });
  const { deliveries, places } = await openDeliveries(config, stores, {
    ...options,
    async onEvent(event) {
      await options.onEvent(event);
      // Not awaited: a slow receiver must not hold up deliveries.
      if (event.event === "delivery_ended") void notify(event.delivery).catch(() => undefined);
    },
  });
  const readable = new Map(
    places.map((place) => [place, new ResilientSource(place.source, options.resilience)]),
  );
  return deliveryRoutes({
    deliveries,
    keyOf: (to) => findPlace(places, to).key,
    assertUrl: (url) => void urlHosts.agentFor(allowed.length > 0 ? url : ""),
    assertNotify: (url) => void notifyHosts.agentFor(url),
    find(to) {
      const { place, key } = findPlace(places, to);
      const source = readable.get(place)?.forDownload() ?? place.source;
      return { key, source, presign: place.presign };
    },
  });
}
