/** The public API of Ziplink's core: web-standard, no cloud, no framework. */
export {
  type ArchiveEntry,
  type ArchiveRequest,
  type EntriesRequest,
  type PrefixRequest,
  parseArchiveRequest,
} from "./archive-request.ts";
export {
  type Audit,
  type AuditEvent,
  type AuditedParty,
  type DownloadEnded,
  type DownloadStarted,
  describeFailure,
  type Failure,
  type LinkCreated,
  type RequestRefused,
} from "./audit.ts";
export type { BlobInfo, BlobSource, ByteRange } from "./blob-source.ts";
export type { Auth, Caller } from "./caller.ts";
export {
  type CrcKnowledge,
  type CrcKnowledgeOptions,
  createCrcKnowledge,
} from "./crc/crc-knowledge.ts";
export { type CrcStore, type CrcTable, createCrcStore } from "./crc/crc-store.ts";
export { type ErrorCode, ZiplinkError, type ZiplinkErrorOptions } from "./errors.ts";
export {
  type GivenBlob,
  type GivenBytes,
  type GivenEntry,
  type GivenStream,
  givenBytes,
  givenStream,
  type ReadGiven,
  withGiven,
} from "./given-blobs.ts";
export { type ArchiveHandler, createHandler, type HandlerOptions } from "./handler.ts";
export { type JwtKey, type JwtKeys, parseJwks, secretKeys } from "./jwt-keys.ts";
export {
  type Link,
  type SignLinkOptions,
  type SignWithKeys,
  type SignWithSecret,
  signLink,
  verifyLink,
} from "./link.ts";
export {
  createManifestStore,
  type ManifestReference,
  type ManifestStore,
  type ManifestStoreOptions,
} from "./manifest.ts";
export { uniqueNames, type WantedName } from "./names.ts";
export type { ObjectStore } from "./object-store.ts";
export { type Plan, type PlanEntry, plannedBytes } from "./plan.ts";
export { type PlanLimits, type PlanOptions, planArchive } from "./plan-archive.ts";
export { describeProblem, type Problem, problemResponse } from "./problem.ts";
export { type ReadAheadLimits, ReadAheadPool } from "./read-ahead-pool.ts";
export { openScope, type RequestScope } from "./request-scope.ts";
export type { ResilienceOptions } from "./resilience/resilient-store.ts";
export type { StoreBreaker, StoreEvent, StoreRetried } from "./resilience/retrying.ts";
export { type ArchiveQuery, type DeliveryLimits, type RespondOptions, respond } from "./respond.ts";
export { type StreamZipOptions, streamZip } from "./stream-zip.ts";
export { defaultZipFormat, type ZipFormat } from "./zip/format.ts";
export { type Layout, layoutZip } from "./zip/layout.ts";
