import * as z from "zod/mini";
import type { ResponseLimits } from "../../core/http/respond.ts";
import type { OnUnreadable } from "../../core/planning/find-objects.ts";
import { type LogLevel, logLevels } from "../observability/log.ts";
import type { PageSettings } from "../page/page.ts";
import { type AuthConfig, authSettings, toAuthConfig } from "./auth-config.ts";
import { crcSettings, type SealedStore, toCrcStore } from "./crc-config.ts";
import { defaults } from "./defaults.ts";
import { type DeliveryConfig, deliverySettings, toDeliveryConfig } from "./delivery-config.ts";
import { type Environment, integer, listSchema, parse, urlSchema } from "./environment.ts";
import { type LinkConfig, linkSettings, toLinkConfig } from "./link-config.ts";
import { type Location, locationSchema } from "./location.ts";
import {
  type Observability,
  observabilitySettings,
  toObservability,
} from "./observability-config.ts";
import { pageSettings, toPageSettings } from "./page-config.ts";
import { type Protection, protectionSettings, toProtection } from "./protection-config.ts";
import { assertStoresApart } from "./stores-apart.ts";
import { unreadableFilesSchema } from "./stores-config.ts";

const settings = z.object({
  ...linkSettings,
  ...authSettings,
  ...crcSettings,
  ...deliverySettings,
  ...protectionSettings,
  ...observabilitySettings,
  ...pageSettings,
  SOURCE: locationSchema,
  HOST: z.optional(z.string().check(z.minLength(1))),
  PORT: z._default(integer(0, 65_535), 8080),
  KEEP_ALIVE_SECONDS: z._default(integer(1), defaults.keepAliveSeconds),
  HTTP2: z._default(z.stringbool(), false),
  UNREADABLE_FILES: unreadableFilesSchema,
  MAX_ENTRIES: z._default(integer(1), defaults.limits.maxEntries),
  MAX_BYTES: z._default(integer(1), defaults.limits.maxBytes),
  MAX_BODY_BYTES: z._default(integer(1), defaults.maxBodyBytes),
  MAX_LINK_SECONDS: z._default(integer(1), defaults.maxLinkSeconds),
  PUBLIC_URL: z.optional(
    z.pipe(
      urlSchema,
      z.transform((url: string) => url.replace(/\/+$/, "")),
    ),
  ),
  SMALL_ENTRY_BYTES: z._default(integer(0), 1024 * 1024),
  MAX_RESPONSE_BYTES: z.optional(integer(1)),
  MAX_FIXED_LENGTH: z.optional(integer(0)),
  PLAN_CACHE_SECONDS: z._default(integer(0), defaults.cacheSeconds),
  DRAIN_SECONDS: z._default(integer(0, 86_400), defaults.drainSeconds),
  CLIENT_STALL_SECONDS: z._default(integer(1), defaults.clientStallSeconds),
  CACHE_CONTROL: z._default(z.string().check(z.minLength(1)), defaults.cacheControl),
  CORS_ORIGINS: z._default(listSchema, []),
  LOG_LEVEL: z._default(z.enum(logLevels), "info"),
});

/** The service's settings; docs/SETTINGS.md explains each and gives its default. */
export interface Config extends LinkConfig {
  readonly source: Location;
  /** How callers of `POST /zip` and `POST /links` authenticate; if absent, nobody may call them. */
  readonly auth: AuthConfig | undefined;
  readonly host: string | undefined;
  readonly port: number;
  /** Whether the plain server speaks HTTP/2 without TLS, and nothing else. */
  readonly http2: boolean;
  /** How long the plain server keeps idle HTTP/1.1 connections open. */
  readonly keepAliveSeconds: number;
  /** Outcome for an archive of a prefix with files that cannot be read; see `PlanOptions`. */
  readonly unreadableFiles: OnUnreadable;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly maxBodyBytes: number;
  readonly maxLinkSeconds: number;
  /** Public URL of the service, without a trailing slash. */
  readonly publicUrl: string | undefined;
  readonly smallEntryBytes: number;
  readonly responseLimits: ResponseLimits;
  readonly planCacheSeconds: number;
  /** How long a client may take no byte before its response is broken off. */
  readonly clientStallSeconds: number;
  /** How long responses in progress have to end when the process is told to. */
  readonly drainSeconds: number;
  /** Where checksums are stored for other instances. */
  readonly crcStore: SealedStore | undefined;
  /** How deliveries are made; absent where there are none. */
  readonly deliveries: DeliveryConfig | undefined;
  readonly cacheControl: string;
  /** Origins whose pages may fetch archives; `["*"]` for all, `[]` for none. */
  readonly corsOrigins: readonly string[];
  readonly protection: Protection;
  /** How the page looks and reads. */
  readonly page: PageSettings;
  readonly observability: Observability;
  readonly logLevel: LogLevel;
}

const unlimited: ResponseLimits = { maxResponseBytes: Infinity, maxFixedLength: Infinity };

/**
 * Reads the settings from environment variables. Nothing else reads them, except the detection of the
 * platform (`K_SERVICE`) and of where secrets are (`SECRET_PARAMETERS`). Throws `ConfigError`.
 *
 * @param platform limits of the platform's responses, which the settings override
 */
export function readConfig(env: Environment, platform: ResponseLimits = unlimited): Config {
  const data = parse(settings, env);
  const linkConfig = toLinkConfig(data);
  const crcStore = toCrcStore(data);
  const deliveries = toDeliveryConfig(data);
  assertStoresApart(data.SOURCE, {
    MANIFEST_STORE: linkConfig.manifestStore,
    CRC_STORE: crcStore?.location,
    DELIVERY_STORE: deliveries?.store,
  });
  return {
    source: data.SOURCE,
    ...linkConfig,
    auth: toAuthConfig(data, linkConfig.linkKeys),
    host: data.HOST,
    port: data.PORT,
    http2: data.HTTP2,
    keepAliveSeconds: data.KEEP_ALIVE_SECONDS,
    unreadableFiles: data.UNREADABLE_FILES,
    maxEntries: data.MAX_ENTRIES,
    maxBytes: data.MAX_BYTES,
    maxBodyBytes: data.MAX_BODY_BYTES,
    maxLinkSeconds: data.MAX_LINK_SECONDS,
    publicUrl: data.PUBLIC_URL,
    smallEntryBytes: data.SMALL_ENTRY_BYTES,
    responseLimits: {
      maxResponseBytes: data.MAX_RESPONSE_BYTES ?? platform.maxResponseBytes,
      maxFixedLength: data.MAX_FIXED_LENGTH ?? platform.maxFixedLength,
    },
    planCacheSeconds: data.PLAN_CACHE_SECONDS,
    clientStallSeconds: data.CLIENT_STALL_SECONDS,
    drainSeconds: data.DRAIN_SECONDS,
    crcStore,
    deliveries,
    cacheControl: data.CACHE_CONTROL,
    corsOrigins: data.CORS_ORIGINS,
    protection: toProtection(data),
    page: toPageSettings(data),
    observability: toObservability(data),
    logLevel: data.LOG_LEVEL,
  };
}
