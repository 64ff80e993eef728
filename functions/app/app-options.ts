import type { ResolvedArchivesOptions } from "../../core/http/archives.ts";
import type { Auth } from "../../core/http/caller.ts";
import type { HandlerOptions } from "../../core/http/handler.ts";
import type { ApiOptions } from "../api/routes.ts";
import type { Protection } from "../config/protection-config.ts";
import type { AddDeliveries } from "../deliveries/routes.ts";
import type { MetricsEndpoint } from "../observability/metrics-route.ts";
import type { PageSettings } from "../page/page.ts";

/** All options that the routes depend on; `AppOptions` says which an application may omit. */
export interface ResolvedAppOptions extends HandlerOptions, Omit<ApiOptions, "auth" | "bodies"> {
  /** Authenticates callers of `POST /zip` and `POST /links`; without it those routes do not exist. */
  readonly auth?: Auth | undefined;
  /** Origins whose pages may fetch archives; `["*"]` for all, `[]` (the default) for none. */
  readonly corsOrigins: readonly string[];
  /** Limits on concurrent downloads and request rates. */
  readonly protection: Protection;
  /** Adds deliveries for the callers of `auth`, as of `deliveryRoutes`; by default there are none. */
  readonly deliveries?: AddDeliveries | undefined;
  /** How the page looks and reads. */
  readonly page: PageSettings;
  /** Metrics and token of `GET /metrics`; without it that route does not exist. */
  readonly metrics?: MetricsEndpoint | undefined;
}

/**
 * Options for mounting the service; only `source` and `linkKeys` are required. Besides those of
 * `ArchivesOptions` the defaults are: links last at most 7 days, request bodies have at most 5,000,000
 * bytes, pages of other origins may not fetch archives, and the limits are those of `defaultProtection`.
 */
export interface AppOptions
  extends Partial<Omit<ResolvedAppOptions, "source" | "linkKeys">>,
    Pick<ResolvedAppOptions, "source" | "linkKeys"> {}

/**
 * Options for sending archives from routes of your own; only `source` is required. By default an
 * archive has up to 10,000 entries and 10^12 bytes of files and is not compressed, a plan is reused
 * for 10 seconds, `Cache-Control` is `private, no-store`, response sizes are not limited, and audit
 * lines go to standard output.
 */
export interface ArchivesOptions
  extends Partial<Omit<ResolvedArchivesOptions, "source">>,
    Pick<ResolvedArchivesOptions, "source"> {}
