import * as z from "zod/mini";
import { DEFAULT_PART_BYTES } from "../../core/delivery/cut-parts.ts";
import type { OnUnreadable } from "../../core/planning/find-objects.ts";
import {
  type Environment,
  integer,
  listSchema,
  needChange,
  parse,
  secretSchema,
} from "./environment.ts";
import { type Location, locationSchema, parseLocation } from "./location.ts";
import {
  type StoresConfig,
  storesSettings,
  toStoresConfig,
  unreadableFilesSchema,
} from "./stores-config.ts";

/** How deliveries are made, beside where they go. */
export interface DeliveryWork {
  /** Parts of one delivery that are made and sent at once. */
  readonly concurrency: number;
  /** The desired length of a part in bytes. */
  readonly partBytes: number;
  /** Deliveries that one process makes at once. */
  readonly maxActive: number;
  /** Hosts whose URLs may be fetched; none by default. */
  readonly urlHosts: readonly string[];
  /** Hosts that may be notified; none by default. */
  readonly notifyHosts: readonly string[];
  /** Signs notices, as the Standard Webhooks specification has it: `whsec_` and base64. */
  readonly notifySecret: string | undefined;
}

/** Where deliveries go, and where their state is. */
export interface DeliveryConfig extends DeliveryWork {
  readonly store: Location;
  /** Folders and buckets, or folders of buckets, that may be written to. */
  readonly destinations: readonly Location[];
  /** Seals the keys of encrypted deliveries. */
  readonly secret: string;
}

const hosts = listSchema.check(
  z.refine((list) => list.every((host) => HOST.test(host)), {
    message: "must be host names, *.suffixes or origins, such as example.com,*.example.org",
  }),
);

const HOST = /^(?:(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*|https?:\/\/[^/\s]+)$/i;

const destinationsSchema = z.pipe(
  listSchema,
  z.transform((list, { issues }): Location[] => {
    const locations = list.flatMap((text) => parseLocation(text) ?? []);
    const isWritable = locations.every(({ kind }) => kind !== "http");
    if (locations.length === list.length && isWritable) return locations;
    const message =
      "must be s3://bucket/prefix, gs://bucket/prefix or folders, separated by commas";
    issues.push({ code: "custom", message, input: list });
    return z.NEVER;
  }),
);

const workSchema = z.object({
  DELIVERY_CONCURRENCY: z._default(integer(1, 64), 4),
  DELIVERY_PART_BYTES: z._default(integer(65_536), DEFAULT_PART_BYTES),
  DELIVERY_MAX_ACTIVE: z._default(integer(1, 100), 2),
  URL_HOSTS: z._default(hosts, []),
  NOTIFY_HOSTS: z._default(hosts, []),
  NOTIFY_SECRET: z.optional(
    z
      .string()
      .check(
        z.regex(
          /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/,
          "must be whsec_ and at least 24 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)",
        ),
      ),
  ),
});

const schema = z.object({
  ...workSchema.shape,
  DELIVERY_STORE: z.optional(locationSchema),
  DELIVERY_DESTINATIONS: z._default(destinationsSchema, []),
  DELIVERY_SECRET: z.optional(secretSchema),
});

/** Settings for deliveries. */
export const deliverySettings = schema.shape;

/** Converts the settings that all deliveries have. */
function toDeliveryWork(data: z.infer<typeof workSchema>): DeliveryWork {
  return {
    concurrency: data.DELIVERY_CONCURRENCY,
    partBytes: data.DELIVERY_PART_BYTES,
    maxActive: data.DELIVERY_MAX_ACTIVE,
    urlHosts: data.URL_HOSTS,
    notifyHosts: data.NOTIFY_HOSTS,
    notifySecret: data.NOTIFY_SECRET,
  };
}

/**
 * Returns how deliveries are made, if they are set up. Throws `ConfigError` where a store has no
 * destinations, or the other way round, and where hosts may be notified without a secret.
 */
export function toDeliveryConfig(
  data: z.infer<typeof schema> & { readonly LINK_SECRET?: string | undefined },
): DeliveryConfig | undefined {
  const { DELIVERY_STORE: store, DELIVERY_DESTINATIONS: destinations } = data;
  const work = toDeliveryWork(data);
  if (store === undefined) {
    if (destinations.length > 0) throw needChange("DELIVERY_DESTINATIONS needs DELIVERY_STORE");
    return undefined;
  }
  if (store.kind === "http") throw needChange("DELIVERY_STORE must be a folder or a bucket");
  if (destinations.length === 0) throw needChange("DELIVERY_STORE needs DELIVERY_DESTINATIONS");
  if (work.notifyHosts.length > 0 && work.notifySecret === undefined) {
    throw needChange("NOTIFY_HOSTS needs NOTIFY_SECRET");
  }
  const { DELIVERY_SECRET: secret = data.LINK_SECRET } = data;
  if (secret === undefined) throw needChange("DELIVERY_STORE with LINK_JWKS needs DELIVERY_SECRET");
  return { store, destinations, secret, ...work };
}

/** Settings for deliveries that a command makes. */
export interface DeliverCommandConfig extends StoresConfig, DeliveryWork {
  /** Where objects are read; absent where only URLs are. */
  readonly source: Location | undefined;
  readonly store: Location;
  /** Absent where it is not set; encryption needs it. */
  readonly secret: string | undefined;
  /** Outcome for an archive of a prefix with files that cannot be read; see `PlanOptions`. */
  readonly unreadableFiles: OnUnreadable;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

const commandSchema = z.object({
  ...workSchema.shape,
  ...storesSettings,
  SOURCE: z.optional(locationSchema),
  DELIVERY_STORE: z.optional(locationSchema),
  DELIVERY_SECRET: z.optional(secretSchema),
  LINK_SECRET: z.optional(secretSchema),
  UNREADABLE_FILES: unreadableFilesSchema,
  MAX_ENTRIES: z._default(integer(1), 1_000_000),
  MAX_BYTES: z._default(integer(1), Number.MAX_SAFE_INTEGER),
});

/** Where a command keeps state, unless DELIVERY_STORE says otherwise. */
const DEFAULT_STORE = ".ziplink-deliveries";

/** Reads the settings of `ziplink deliver`. Throws `ConfigError`. */
export function readDeliverConfig(env: Environment): DeliverCommandConfig {
  const data = parse(commandSchema, env);
  const store = data.DELIVERY_STORE ?? parseLocation(DEFAULT_STORE);
  if (!store || store.kind === "http") {
    throw needChange("DELIVERY_STORE must be a folder or a bucket");
  }
  return {
    source: data.SOURCE,
    store,
    secret: data.DELIVERY_SECRET ?? data.LINK_SECRET,
    unreadableFiles: data.UNREADABLE_FILES,
    maxEntries: data.MAX_ENTRIES,
    maxBytes: data.MAX_BYTES,
    ...toStoresConfig(data),
    ...toDeliveryWork(data),
  };
}
