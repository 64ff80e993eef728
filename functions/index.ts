/** What an application mounts, beside `core/index.ts`: the routes, and archives for routes of its own. */
export type { ArchiveDispatch, Archives, ArchivesOptions, PlanNow } from "../core/archives.ts";
export type { FoundPlan, Planner } from "../core/planner.ts";
export type { Dispatch, DownloadQuery } from "../core/send-archive.ts";
export type { ApplicationId, Resolve, ResolvedObject } from "./api-request.ts";
export { type App, type AppOptions, createApp } from "./app.ts";
export {
  type ArchiveDefaults,
  createArchivesWithDefaults as createArchives,
  type DefaultOptions,
} from "./app-defaults.ts";
export { createAudit } from "./log.ts";
export type { Metrics } from "./metrics/metrics.ts";
export type { MetricsEndpoint } from "./metrics/metrics-route.ts";
export { createNodeListener } from "./node-listener.ts";
export type { Protection } from "./protection/protection-config.ts";
export { readJson } from "./read-json.ts";
