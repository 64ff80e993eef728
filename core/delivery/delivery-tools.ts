import type { BlobSource } from "../blob-source.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import type { Plan } from "../zip/plan.ts";
import type { SealedHeaders } from "./age-headers.ts";
import type { BlobDestination } from "./blob-destination.ts";
import type { FileSources } from "./delivery-plan.ts";
import type { DeliveryStates } from "./delivery-states.ts";

/** Where a delivery goes. */
export interface DeliveryTarget {
  /** Its passing failures should not show. */
  readonly destination: BlobDestination;
  /** The object's name there. */
  readonly key: string;
}

/** The tools that deliveries are made with. */
export interface DeliveryTools {
  readonly states: DeliveryStates;
  /** Returns where objects and URLs are read by one delivery; passing failures should not show. */
  readonly open: () => FileSources;
  /** Plans an archive, as `planArchive` does, within the limits of the service. */
  readonly plan: (spec: ArchiveSpec, source: BlobSource, signal: AbortSignal) => Promise<Plan>;
  /** Returns where a URL of `Delivery.to` leads. Throws `forbidden` where it is not allowed. */
  readonly target: (to: string) => DeliveryTarget;
  /** Seals the keys of encrypted deliveries. */
  readonly headers: SealedHeaders;
  /** Parts of one delivery that are made and sent at once. */
  readonly concurrency: number;
  /** The desired length of a part in bytes. */
  readonly partBytes: number;
  /** The longest file in bytes. */
  readonly maxBytes: number;
  /** How often a worker records what it has learnt, and looks whether it is to stop. Milliseconds. */
  readonly recordMs: number;
}

/** Why a worker stops: the delivery is no longer its own to go on with. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}
