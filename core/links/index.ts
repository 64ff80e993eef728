/**
 * `@ziplink/ziplink/links`: signs and verifies links. For backends that only sign: no cloud SDK, HTTP
 * framework or logger is loaded with it.
 */
export {
  type ErrorCode,
  type ErrorDetails,
  ZiplinkError,
  type ZiplinkErrorOptions,
} from "../errors.ts";
export {
  type ArchiveEntry,
  type ArchiveSpec,
  type EntriesSpec,
  type PrefixSpec,
  parseArchiveSpec,
} from "../planning/archive-spec.ts";
export type { ObjectStore } from "../source/object-store.ts";
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
