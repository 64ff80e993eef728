/**
 * `@ziplink/ziplink/deliveries`: archives and files written into a bucket, for applications that make
 * deliveries themselves, and for authors of destinations and state stores.
 */
export { createSealedHeaders, type SealedHeaders } from "./age-headers.ts";
export type {
  BlobDestination,
  CompletionTerms,
  DestinationTraits,
  FoundUpload,
  PartLimits,
  PartPlace,
  StoredObject,
  StoredPart,
  Upload,
  UploadTerms,
} from "./blob-destination.ts";
export { type CleanedUp, type CleanUpOptions, cleanUp } from "./clean-up.ts";
export {
  Deliveries,
  type DeliveriesOptions,
  type DeliveryEvent,
  type NewDelivery,
} from "./deliveries.ts";
export {
  type Delivery,
  type DeliveryCommand,
  type DeliveryProblem,
  type DeliveryProgress,
  type DeliveryResult,
  type DeliveryStatus,
  transitions,
} from "./delivery.ts";
export type { FileSources, UrlSource } from "./delivery-plan.ts";
export {
  type DeliveryRequest,
  type DeliveryTerms,
  deliveryEvents,
  type FileRequest,
} from "./delivery-request.ts";
export { DeliveryStates } from "./delivery-states.ts";
export type { DeliveryTarget, DeliveryTools } from "./delivery-tools.ts";
export type { ExpectedChecksums } from "./file-content.ts";
export { shownStatus } from "./move-delivery.ts";
export { withRetries } from "./resilient-destination.ts";
export { createResilientUrls } from "./resilient-urls.ts";
export type { CallRetries } from "./retried.ts";
export type { ExpectedState, StateStore, StoredState } from "./state-store.ts";
