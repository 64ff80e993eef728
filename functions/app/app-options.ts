import type { ResolvedArchivesOptions } from "../../core/http/archives.ts";
import type { Auth } from "../../core/http/caller.ts";
import type { HandlerOptions } from "../../core/http/handler.ts";
import type { ApiOptions } from "../api/routes.ts";
import type { Protection } from "../config/protection-config.ts";
import type { MetricsEndpoint } from "../observability/metrics-route.ts";

/** All that the routes depend on; see `AppOptions` for what an application may leave out. */
export interface ResolvedAppOptions extends HandlerOptions, Omit<ApiOptions, "auth"> {
  /** Tells who sends `POST /zip` and `POST /links`; without it there are no such routes. */
  readonly auth?: Auth | undefined;
  /** Origins whose pages may fetch archives; `["*"]` for all, `[]`, the default, for none. */
  readonly corsOrigins: readonly string[];
  /** How much is served at once and in a minute. */
  readonly protection: Protection;
  /** Where `GET /metrics` has its answer from; without it there is no such route. */
  readonly metrics?: MetricsEndpoint | undefined;
}

/**
 * What an application must say to mount the service; the rest it may. Beside those of
 * `ArchivesOptions` the defaults are: links for 7 days at the most, bodies of 5,000,000 bytes, no
 * origin whose pages may fetch, and the limits of `defaultProtection`.
 */
export type AppOptions = Partial<ResolvedAppOptions> &
  Pick<ResolvedAppOptions, "source" | "linkKeys">;

/**
 * What an application must say to send archives by routes of its own; the rest it may. By default
 * an archive has up to 10,000 entries and 10^12 bytes of files and is stored, a plan is used again
 * for 10 seconds, `Cache-Control` is `private, no-store`, responses have no limit, and audit lines
 * go to standard output.
 */
export type ArchivesOptions = Partial<ResolvedArchivesOptions> &
  Pick<ResolvedArchivesOptions, "source">;
