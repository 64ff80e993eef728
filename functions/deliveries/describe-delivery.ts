import type { Deliveries } from "../../core/delivery/deliveries.ts";
import type { Delivery, DeliveryProgress } from "../../core/delivery/delivery.ts";
import { shownStatus } from "../../core/delivery/move-delivery.ts";

/** Links to what a delivery has made. */
export interface ResultLinks {
  /** Downloads the object. */
  readonly url: string;
  /** Shows what it is. */
  readonly page: string;
}

/** Mints links to the result of a completed delivery, for a service that is reached at `base`. */
export type MintResult = (delivery: Delivery, base: string) => Promise<ResultLinks | undefined>;

/** Returns what callers see of a delivery. */
export async function describeDelivery(
  delivery: Delivery,
  progress: DeliveryProgress,
  links: ResultLinks | undefined,
) {
  const { id, created, updated, to, error, result } = delivery;
  const status = shownStatus(delivery);
  return {
    id,
    status,
    created,
    updated,
    to,
    progress,
    ...(error && { error }),
    ...(result &&
      status === "completed" && {
        result: {
          ...links,
          size: result.size,
          ...(result.etag !== undefined && { etag: result.etag }),
          version: result.version,
          checksums: result.checksums,
        },
      }),
  };
}

/** Returns what callers see of a delivery now. */
export async function describeNow(
  deliveries: Deliveries,
  delivery: Delivery,
  mint: MintResult,
  base: string,
) {
  const [progress, links] = await Promise.all([
    deliveries.progress(delivery),
    delivery.status === "completed" ? mint(delivery, base) : undefined,
  ]);
  return describeDelivery(delivery, progress, links);
}
