import { statSync } from "node:fs";
import { createFsSource } from "../adapters/fs.ts";
import type { BlobSource } from "../core/blob-source.ts";
import { linkKey } from "../core/link.ts";
import { defaultZipFormat } from "../core/zip/format.ts";
import { type App, createApp } from "./app.ts";
import { type Config, ConfigError } from "./config.ts";
import { createAudit, createLogger } from "./log.ts";

/** The app that a configuration describes: what every entrypoint serves. */
export function createService(config: Config): App {
  return createApp({
    source: openSource(config.source),
    linkKey: linkKey(config.linkSecret),
    limits: { maxEntries: config.maxEntries, maxBytes: config.maxBytes },
    format: { ...defaultZipFormat, smallEntryBytes: config.smallEntryBytes },
    cacheControl: config.cacheControl,
    corsOrigins: config.corsOrigins,
    audit: createAudit(createLogger(config)),
  });
}

function openSource({ path }: Config["source"]): BlobSource {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ConfigError("SOURCE: there is no such folder");
  }
  return createFsSource({ root: path });
}
