/** The public API of Ziplink's core: web-standard, no cloud, no framework. */

export type { BlobInfo, BlobSource, ByteRange } from "./blob-source.ts";
export {
  type CrcKnowledge,
  type CrcKnowledgeOptions,
  createCrcKnowledge,
} from "./crc/crc-knowledge.ts";
export { type CrcStore, type CrcTable, createCrcStore } from "./crc/crc-store.ts";
export {
  type ErrorCode,
  type ErrorDetails,
  ZiplinkError,
  type ZiplinkErrorOptions,
} from "./errors.ts";
export type { ArchiveSendOptions, Archives, PlanNow } from "./http/archives.ts";
export {
  type Audit,
  type AuditEvent,
  type DownloadEnded,
  type DownloadStarted,
  describeFailure,
  type Failure,
  type LinkCreated,
  type Principal,
  type RequestRefused,
} from "./http/audit.ts";
export type { Auth, Caller } from "./http/caller.ts";
export type { ContentCoding } from "./http/content-coding.ts";
export {
  type ArchiveDescription,
  describeArchive,
  type EntryDescription,
} from "./http/describe-archive.ts";
export {
  type ArchiveHandler,
  createHandler,
  createLinkPresenter,
  type HandlerOptions,
  type LinkPresenter,
  type Presenter,
} from "./http/handler.ts";
export { describeProblem, type Problem, problemResponse } from "./http/problem.ts";
export type {
  RenderOptions,
  Rendition,
  Renditions,
  RenditionsOptions,
} from "./http/renditions.ts";
export { type RequestScope, unrestrictedScope } from "./http/request-scope.ts";
export {
  type ArchiveQuery,
  type RespondOptions,
  type ResponseLimits,
  respond,
} from "./http/respond.ts";
export type { DownloadQuery, SendOptions } from "./http/send-archive.ts";
export type { DescriptionForm } from "./http/send-description.ts";
export { type JwtKey, type JwtKeys, parseJwks, secretKeys } from "./links/jwt-keys.ts";
export {
  type Link,
  type SignLinkOptions,
  type SignWithKeys,
  type SignWithSecret,
  signLink,
  verifyLink,
} from "./links/link.ts";
export {
  createManifestStore,
  type ManifestReference,
  type ManifestStore,
  type ManifestStoreOptions,
} from "./links/manifest.ts";
export {
  type ArchiveEntry,
  type ArchiveSpec,
  type EntriesSpec,
  type ParseSpecOptions,
  type PrefixSpec,
  parseArchiveSpec,
} from "./planning/archive-spec.ts";
export type { OnUnreadable } from "./planning/find-objects.ts";
export { uniqueNames, type WantedName } from "./planning/names.ts";
export { type PlanOptions, planArchive } from "./planning/plan-archive.ts";
export type { FoundPlan, Planner } from "./planning/plan-cache.ts";
export type { PlanLimits } from "./planning/plan-limits.ts";
export type { ReadInline } from "./source/inline-chunks.ts";
export {
  type InlineBlob,
  type InlineBytes,
  type InlineEntry,
  type InlineStream,
  inlineBytes,
  inlineStream,
  withInlineEntries,
} from "./source/inline-entries.ts";
export type { ObjectStore } from "./source/object-store.ts";
export {
  type FetchPage,
  type ListPage,
  listPages,
  type PagedListing,
} from "./source/paged-listing.ts";
export type { ResilienceOptions } from "./source/resilience/resilient-source.ts";
export type { StoreBreaker, StoreEvent, StoreRetried } from "./source/resilience/retrying.ts";
export type { StoreMessage, StoreOperation } from "./source/store-channel.ts";
export {
  type StoreErrorCode,
  type StoreErrorOptions,
  type StoreFailure,
  storeError,
} from "./source/store-errors.ts";
export { type StreamZipOptions, streamZip } from "./stream-zip.ts";
export { type ReadAheadLimits, ReadAheadPool } from "./streaming/read-ahead-pool.ts";
export { defaultZipFormat, type ZipFormat } from "./zip/format.ts";
export { type Layout, layoutZip } from "./zip/layout.ts";
export { type Plan, type PlanEntry, plannedBytes } from "./zip/plan.ts";
