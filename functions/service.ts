import { describeFailure } from "../core/audit.ts";
import { createCrcKnowledge } from "../core/crc/crc-knowledge.ts";
import { type CrcStore, createCrcStore } from "../core/crc/crc-store.ts";
import { linkKey } from "../core/link.ts";
import { ReadAheadPool } from "../core/read-ahead-pool.ts";
import { defaultZipFormat } from "../core/zip/format.ts";
import { type App, createApp } from "./app.ts";
import type { Config } from "./config.ts";
import { createAudit, createLogger } from "./log.ts";
import { openObjectStore, openSource } from "./stores.ts";

/** The app that a configuration describes: what every entrypoint serves. */
export async function createService(config: Config): Promise<App> {
  const logger = createLogger(config);
  return createApp({
    source: await openSource(config.source, config),
    linkKey: linkKey(config.linkSecret),
    limits: { maxEntries: config.maxEntries, maxBytes: config.maxBytes },
    format: { ...defaultZipFormat, smallEntryBytes: config.smallEntryBytes },
    cacheSeconds: config.planCacheSeconds,
    cacheControl: config.cacheControl,
    delivery: config.delivery,
    crcs: createCrcKnowledge({
      store: await openCrcStore(config),
      onStoreError: (error) => logger.warn({ failure: describeFailure(error) }, "crc_store_failed"),
    }),
    // One reader uses up a disk: parts of a file in parallel would only take memory.
    readAhead: new ReadAheadPool(config.source.kind === "folder" ? { partBytes: Infinity } : {}),
    corsOrigins: config.corsOrigins,
    audit: createAudit(logger),
  });
}

async function openCrcStore(config: Config): Promise<CrcStore | undefined> {
  if (!config.crcStore) return undefined;
  const objects = await openObjectStore(config.crcStore, config);
  return createCrcStore(objects, linkKey(config.linkSecret));
}
