import { createCrcKnowledge } from "../core/crc/crc-knowledge.ts";
import { ReadAheadPool } from "../core/read-ahead-pool.ts";
import { defaultZipFormat } from "../core/zip/format.ts";
import type { AppOptions } from "./app.ts";
import { createAudit, createLogger } from "./log.ts";
import { defaultProtection } from "./protection/protection-config.ts";

/** What an application must say to mount the service; the rest it may. */
export type DefaultOptions = Partial<AppOptions> & Pick<AppOptions, "source" | "linkKeys">;

/** For settings and applications alike. Sizes are bytes. */
export const defaults = {
  limits: { maxEntries: 10_000, maxBytes: 1_000_000_000_000 },
  cacheSeconds: 10,
  cacheControl: "private, no-store",
  maxLinkSeconds: 7 * 86_400,
  maxBodyBytes: 5_000_000,
} as const;

/** All options of an app. Audit lines go to standard output unless told. */
export function withDefaults(given: DefaultOptions): AppOptions {
  return {
    ...defaults,
    format: defaultZipFormat,
    delivery: { maxResponseBytes: Infinity, maxFixedLength: Infinity },
    crcs: given.crcs ?? createCrcKnowledge(),
    readAhead: given.readAhead ?? new ReadAheadPool(),
    corsOrigins: [],
    protection: defaultProtection,
    audit: given.audit ?? createAudit(createLogger({ logLevel: "info" })),
    ...given,
  };
}
