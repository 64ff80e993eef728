import * as z from "zod";
import type { DeliveryLimits } from "../core/respond.ts";
import { type Location, locationSchema } from "./location.ts";

/** A whole number in an environment variable; digits and underscores, as in 10_000. */
const integer = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^\d[\d_]*$/, "must be a whole number")
    .transform((digits) => Number(digits.replaceAll("_", "")))
    .pipe(z.int().min(min).max(max));

const linkSettings = z.object({
  LINK_SECRET: z.string().refine((secret) => Buffer.byteLength(secret) >= 32, {
    message: "must have at least 32 bytes; make one with: openssl rand -base64 32",
  }),
});

const settings = linkSettings.extend({
  SOURCE: locationSchema,
  HOST: z.string().min(1).optional(),
  PORT: integer(0, 65_535).default(8080),
  HTTP2: z.stringbool().default(false),
  MAX_ENTRIES: integer(1).default(10_000),
  MAX_BYTES: integer(1).default(1_000_000_000_000),
  SMALL_ENTRY_BYTES: integer(0).default(1024 * 1024),
  MAX_RESPONSE_BYTES: integer(1).optional(),
  MAX_FIXED_LENGTH: integer(0).optional(),
  PLAN_CACHE_SECONDS: integer(0).default(10),
  CLIENT_STALL_SECONDS: integer(1).default(30),
  CRC_STORE: locationSchema.optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_FORCE_PATH_STYLE: z.stringbool().default(false),
  GCS_API_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  CACHE_CONTROL: z.string().min(1).default("private, no-store"),
  CORS_ORIGINS: z
    .string()
    .default("")
    .transform((list) =>
      list
        .split(",")
        .map((origin) => origin.trim())
        .filter(Boolean),
    ),
  LOG_LEVEL: z.enum(["info", "warn", "error", "silent"]).default("info"),
});

/** The service's settings. What each means and its default stands in the README. */
export interface Config {
  readonly source: Location;
  readonly linkSecret: string;
  readonly host: string | undefined;
  readonly port: number;
  /** Whether the plain server speaks HTTP/2 without TLS, and nothing else. */
  readonly http2: boolean;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly smallEntryBytes: number;
  readonly delivery: DeliveryLimits;
  readonly planCacheSeconds: number;
  /** For how long a client may take nothing, where the platform does not tell that it has left. */
  readonly clientStallSeconds: number;
  /** Where checksums are kept for other instances. */
  readonly crcStore: Location | undefined;
  /** For stores other than AWS's own. */
  readonly s3: { readonly endpoint?: string; readonly forcePathStyle: boolean };
  /** For a server that stands in for Cloud Storage. */
  readonly gcs: { readonly apiEndpoint?: string };
  readonly cacheControl: string;
  /** Origins whose pages may fetch archives; `["*"]` for all, `[]` for none. */
  readonly corsOrigins: readonly string[];
  readonly logLevel: "info" | "warn" | "error" | "silent";
}

/** Settings that cannot be used, each named with what to do. Never quotes a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** The message alone: where the code noticed an operator's slip helps nobody to mend it. */
  override readonly stack: string;

  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const unlimited: DeliveryLimits = { maxResponseBytes: Infinity, maxFixedLength: Infinity };

/**
 * Reads the settings from environment variables: the one place that does. Throws `ConfigError`.
 *
 * @param platform what the platform lets through, unless the settings say otherwise
 */
export function readConfig(env: Environment, platform: DeliveryLimits = unlimited): Config {
  const data = parse(settings, env);
  return {
    source: data.SOURCE,
    linkSecret: data.LINK_SECRET,
    host: data.HOST,
    port: data.PORT,
    http2: data.HTTP2,
    maxEntries: data.MAX_ENTRIES,
    maxBytes: data.MAX_BYTES,
    smallEntryBytes: data.SMALL_ENTRY_BYTES,
    delivery: {
      maxResponseBytes: data.MAX_RESPONSE_BYTES ?? platform.maxResponseBytes,
      maxFixedLength: data.MAX_FIXED_LENGTH ?? platform.maxFixedLength,
    },
    planCacheSeconds: data.PLAN_CACHE_SECONDS,
    clientStallSeconds: data.CLIENT_STALL_SECONDS,
    crcStore: data.CRC_STORE,
    s3: {
      ...(data.S3_ENDPOINT === undefined ? {} : { endpoint: data.S3_ENDPOINT }),
      forcePathStyle: data.S3_FORCE_PATH_STYLE,
    },
    gcs: data.GCS_API_ENDPOINT === undefined ? {} : { apiEndpoint: data.GCS_API_ENDPOINT },
    cacheControl: data.CACHE_CONTROL,
    corsOrigins: data.CORS_ORIGINS,
    logLevel: data.LOG_LEVEL,
  };
}

/** The one setting that making a link needs. Throws `ConfigError`. */
export function readLinkSecret(env: Environment): string {
  return parse(linkSettings, env).LINK_SECRET;
}

function parse<T extends z.ZodObject>(schema: T, env: Environment): z.infer<T> {
  // A variable that is set to nothing counts as not set, as it does for shells and consoles.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const isMissing = given[String(path[0])] === undefined;
    return `  ${path.join(".")} ${isMissing ? "is not set" : message}`;
  });
  throw new ConfigError(["These environment variables need a change:", ...problems].join("\n"));
}
