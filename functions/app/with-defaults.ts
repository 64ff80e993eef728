import { createCrcKnowledge } from "../../core/crc/crc-knowledge.ts";
import {
  type Archives,
  archivesOf,
  type ResolvedArchivesOptions,
} from "../../core/http/archives.ts";
import { ReadAheadPool } from "../../core/streaming/read-ahead-pool.ts";
import { defaultZipFormat } from "../../core/zip/format.ts";
import { defaults } from "../config/defaults.ts";
import { defaultPage } from "../config/page-config.ts";
import { defaultProtection } from "../config/protection-config.ts";
import { createAudit, createLogger } from "../observability/log.ts";
import type { AppOptions, ArchivesOptions, ResolvedAppOptions } from "./app-options.ts";

/** Fills in the defaults of an app's options. Audit lines go to standard output by default. */
export function resolveAppOptions(options: AppOptions): ResolvedAppOptions {
  return {
    ...defaults,
    corsOrigins: [],
    protection: defaultProtection,
    page: defaultPage,
    ...options,
    ...withArchiveDefaults(options),
  };
}

/** Creates the archives of one source, for an application's own routes. */
export function createArchives(options: ArchivesOptions): Archives {
  return archivesOf(withArchiveDefaults(options));
}

function withArchiveDefaults(options: ArchivesOptions): ResolvedArchivesOptions {
  const { limits, cacheSeconds, cacheControl } = defaults;
  return {
    limits,
    cacheSeconds,
    cacheControl,
    format: defaultZipFormat,
    responseLimits: { maxResponseBytes: Infinity, maxFixedLength: Infinity },
    crcs: options.crcs ?? createCrcKnowledge(),
    readAhead: options.readAhead ?? new ReadAheadPool(),
    audit: options.audit ?? createAudit(createLogger({ logLevel: "info" })),
    ...options,
  };
}
