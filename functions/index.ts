/**
 * The public API for applications, `@ziplink/ziplink`: the service's routes, archives for an
 * application's own routes, and all of core.
 */
export * from "../core/index.ts";
export type { ApplicationId, Resolve, ResolvedObject } from "./api/api-request.ts";
export { readJson } from "./api/read-json.ts";
export { type App, createApp } from "./app/app.ts";
export type { AppOptions, ArchivesOptions } from "./app/app-options.ts";
export { createArchives } from "./app/with-defaults.ts";
export type { Protection } from "./config/protection-config.ts";
export { createNodeListener, type NodeListenerOptions } from "./node/node-listener.ts";
export { createAudit } from "./observability/log.ts";
export type { Metrics } from "./observability/metrics.ts";
export type { MetricsEndpoint } from "./observability/metrics-route.ts";
export { type Brand, BrandError, type BrandOptions, createBrand } from "./page/brand.ts";
export { type Language, languages } from "./page/languages.ts";
export type { PageSettings } from "./page/page.ts";
