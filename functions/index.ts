/** What an application mounts, beside `core/index.ts`: the routes, and archives for routes of its own. */
export type { Archives, PlanNow } from "../core/archives.ts";
export type { ApplicationId, Resolve, ResolvedObject } from "./api-request.ts";
export { type App, type AppOptions, createApp } from "./app.ts";
export {
  type ArchiveDefaults,
  createArchivesWithDefaults as createArchives,
  type DefaultOptions,
} from "./app-defaults.ts";
export { createAudit } from "./log.ts";
export { createNodeListener } from "./node-listener.ts";
export { readJson } from "./read-json.ts";
