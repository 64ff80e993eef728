import { withOptionalPackages } from "../adapters/optional-packages.ts";
import { createCrcKnowledge } from "../core/crc/crc-knowledge.ts";
import { type CrcStore, createCrcStore } from "../core/crc/crc-store.ts";
import { describeFailure } from "../core/http/audit.ts";
import type { Auth } from "../core/http/caller.ts";
import type { StoreEvent } from "../core/source/resilience/retrying.ts";
import { ReadAheadPool } from "../core/streaming/read-ahead-pool.ts";
import { defaultZipFormat } from "../core/zip/format.ts";
import { type App, createApp } from "./app/app.ts";
import { createJwtAuth } from "./auth/jwt.ts";
import { platformAuth } from "./auth/platform.ts";
import type { AuthConfig } from "./config/auth-config.ts";
import type { Config } from "./config/config.ts";
import type { DeliveryConfig } from "./config/delivery-config.ts";
import type { AddDeliveries } from "./deliveries/routes.ts";
import { createAudit, createLogger, logDeliveryEvent, logStoreEvent } from "./observability/log.ts";
import type { Metrics } from "./observability/metrics.ts";
import { openManifestStore, openObjectStore, openSource } from "./stores/stores.ts";

/** Creates the app that a configuration describes; every entrypoint serves it. */
export async function createService(config: Config): Promise<App> {
  const logger = createLogger(config);
  const { metricsToken: token, traceProject } = config.observability;
  const log = createAudit(logger, traceProject);
  const metrics = token === undefined ? undefined : await openMetrics();
  const source = await openSource(config.source, config);
  const observe = (event: StoreEvent) => {
    logStoreEvent(logger, event);
    metrics?.observe(event);
  };
  const openRoutes = async (deliveries: DeliveryConfig): Promise<AddDeliveries> => {
    const { openDeliveryRoutes } = await import("./stores/delivery-endpoint.ts");
    return openDeliveryRoutes(deliveries, config, {
      source,
      limits: { maxEntries: config.maxEntries, maxBytes: config.maxBytes },
      onUnreadable: config.unreadableFiles,
      resilience: { observe },
      observe,
      onEvent(event) {
        logDeliveryEvent(logger, event);
        metrics?.observe(event);
      },
      onNotice: (outcome) => logger.info({ outcome }, "delivery_notice"),
    });
  };
  return createApp({
    source,
    linkKeys: config.linkKeys,
    manifests: await openManifestStore(config),
    auth: config.auth && (await openAuth(config.auth)),
    publicUrl: config.publicUrl,
    maxLinkSeconds: config.maxLinkSeconds,
    maxLinkLength: config.maxLinkLength,
    maxBodyBytes: config.maxBodyBytes,
    limits: { maxEntries: config.maxEntries, maxBytes: config.maxBytes },
    onUnreadable: config.unreadableFiles,
    format: { ...defaultZipFormat, smallEntryBytes: config.smallEntryBytes },
    cacheSeconds: config.planCacheSeconds,
    cacheControl: config.cacheControl,
    responseLimits: config.responseLimits,
    crcs: createCrcKnowledge({
      store: await openCrcStore(config),
      onStoreError: (error) => logger.warn({ failure: describeFailure(error) }, "crc_store_failed"),
      onContradiction(entries) {
        logger.warn({ entries }, "crc_contradicted");
        metrics?.observe({ event: "crc_contradicted", entries });
      },
    }),
    // A single reader saturates a disk: reading parts of a file in parallel would only take memory.
    readAhead: new ReadAheadPool(config.source.kind === "folder" ? { partBytes: Infinity } : {}),
    corsOrigins: config.corsOrigins,
    protection: config.protection,
    page: config.page,
    metrics: metrics && token !== undefined ? { metrics, token } : undefined,
    deliveries: config.deliveries && (await openRoutes(config.deliveries)),
    resilience: { observe },
    audit(event) {
      log(event);
      metrics?.observe(event);
    },
  });
}

async function openMetrics(): Promise<Metrics> {
  const { createMetrics } = await import("./observability/metrics.ts");
  return createMetrics();
}

async function openCrcStore(config: Config): Promise<CrcStore | undefined> {
  if (!config.crcStore) return undefined;
  const { location, secret } = config.crcStore;
  const objects = await openObjectStore("CRC_STORE", location, config);
  return createCrcStore(objects, Buffer.from(secret));
}

async function openAuth(config: AuthConfig): Promise<Auth> {
  switch (config.kind) {
    case "jwt":
      return createJwtAuth(config.keys);
    case "google": {
      const { createGoogleAuth } = await withOptionalPackages(() => import("./auth/google.ts"));
      return createGoogleAuth(config);
    }
    case "platform":
      return platformAuth;
  }
}
