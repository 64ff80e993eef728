import { type Archives, type ArchivesOptions, createArchives } from "../core/archives.ts";
import { createCrcKnowledge } from "../core/crc/crc-knowledge.ts";
import { ReadAheadPool } from "../core/read-ahead-pool.ts";
import { defaultZipFormat } from "../core/zip/format.ts";
import type { AppOptions } from "./app.ts";
import { createAudit, createLogger } from "./log.ts";
import { defaultProtection } from "./protection/protection-config.ts";

/**
 * What an application must say to mount the service; the rest it may. Beside those of
 * `ArchiveDefaults` the defaults are: links for 7 days at the most, bodies of 5,000,000 bytes, no
 * origin whose pages may fetch, and the limits of `defaultProtection`.
 */
export type DefaultOptions = Partial<AppOptions> & Pick<AppOptions, "source" | "linkKeys">;

/** For settings and applications alike. Sizes are bytes. */
export const defaults = {
  limits: { maxEntries: 10_000, maxBytes: 1_000_000_000_000 },
  cacheSeconds: 10,
  cacheControl: "private, no-store",
  maxLinkSeconds: 7 * 86_400,
  maxBodyBytes: 5_000_000,
} as const;

/**
 * What an application must say to send archives by routes of its own; the rest it may. By default
 * an archive has up to 10,000 entries and 10^12 bytes of files and is stored, a plan is used again
 * for 10 seconds, `Cache-Control` is `private, no-store`, responses have no limit, and audit lines
 * go to standard output.
 */
export type ArchiveDefaults = Partial<ArchivesOptions> & Pick<ArchivesOptions, "source">;

/** All options of an app. Audit lines go to standard output unless told. */
export function withDefaults(given: DefaultOptions): AppOptions {
  return {
    ...defaults,
    corsOrigins: [],
    protection: defaultProtection,
    ...given,
    ...withArchiveDefaults(given),
  };
}

/** The archives of one source, for routes of an application's own. */
export function createArchivesWithDefaults(given: ArchiveDefaults): Archives {
  return createArchives(withArchiveDefaults(given));
}

function withArchiveDefaults(given: ArchiveDefaults): ArchivesOptions {
  const { limits, cacheSeconds, cacheControl } = defaults;
  return {
    limits,
    cacheSeconds,
    cacheControl,
    format: defaultZipFormat,
    delivery: { maxResponseBytes: Infinity, maxFixedLength: Infinity },
    crcs: given.crcs ?? createCrcKnowledge(),
    readAhead: given.readAhead ?? new ReadAheadPool(),
    audit: given.audit ?? createAudit(createLogger({ logLevel: "info" })),
    ...given,
  };
}
