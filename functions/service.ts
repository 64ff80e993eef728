import { statSync } from "node:fs";
import { createFsSource } from "../adapters/fs.ts";
import { createFsObjectStore } from "../adapters/fs-object-store.ts";
import { describeFailure } from "../core/audit.ts";
import type { BlobSource } from "../core/blob-source.ts";
import { createCrcKnowledge } from "../core/crc/crc-knowledge.ts";
import { createCrcStore } from "../core/crc/crc-store.ts";
import { linkKey } from "../core/link.ts";
import { ReadAheadPool } from "../core/read-ahead-pool.ts";
import { defaultZipFormat } from "../core/zip/format.ts";
import { type App, createApp } from "./app.ts";
import { type Config, ConfigError } from "./config.ts";
import { createAudit, createLogger } from "./log.ts";

/** The app that a configuration describes: what every entrypoint serves. */
export function createService(config: Config): App {
  const logger = createLogger(config);
  const key = linkKey(config.linkSecret);
  return createApp({
    source: openSource(config.source),
    linkKey: key,
    limits: { maxEntries: config.maxEntries, maxBytes: config.maxBytes },
    format: { ...defaultZipFormat, smallEntryBytes: config.smallEntryBytes },
    cacheSeconds: config.planCacheSeconds,
    cacheControl: config.cacheControl,
    delivery: config.delivery,
    crcs: createCrcKnowledge({
      store:
        config.crcStore && createCrcStore(createFsObjectStore({ root: config.crcStore.path }), key),
      onStoreError: (error) => logger.warn({ failure: describeFailure(error) }, "crc_store_failed"),
    }),
    // One reader uses up a disk: parts of a file in parallel would only take memory.
    readAhead: new ReadAheadPool({ partBytes: Infinity }),
    corsOrigins: config.corsOrigins,
    audit: createAudit(logger),
  });
}

function openSource({ path }: Config["source"]): BlobSource {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ConfigError("SOURCE: there is no such folder");
  }
  return createFsSource({ root: path });
}
