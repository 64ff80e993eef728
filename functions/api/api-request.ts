import * as z from "zod/mini";
import { notFound, ZiplinkError } from "../../core/errors.ts";
import { assertWithinScope, type Caller } from "../../core/http/caller.ts";
import type { LinkTerms } from "../../core/http/caller-archives.ts";
import { malformed } from "../../core/input/malformed.ts";
import { validate } from "../../core/input/validate.ts";
import {
  type ArchiveEntry,
  type ArchiveSpec,
  parseArchiveSpec,
} from "../../core/planning/archive-spec.ts";
import { assertEntryCount, type PlanLimits } from "../../core/planning/plan-archive.ts";

/** What an application calls an object. */
export type ApplicationId = string | number;

/** An object of the store, and what is known of it, as in an archive spec. */
export type ResolvedObject = ArchiveEntry;

/**
 * Maps an application's own ids to objects, for a caller: the place for its database and for its rules
 * about who may have what. Gives one object for each id, in their order, and `undefined` for an id that
 * is not there or not the caller's: then the whole request is refused. May reject with a `ZiplinkError`
 * of its own.
 */
export type Resolve = (
  ids: readonly ApplicationId[],
  caller: Caller,
) => Promise<readonly (ResolvedObject | undefined)[]>;

/** What the archive specs in bodies are checked by. */
export interface ArchiveBodyOptions {
  /** What one archive may hold; here its entries or ids are counted. */
  readonly limits: PlanLimits;
  /** Makes requests name `ids` in place of `entries` or a `prefix`. */
  readonly resolve?: Resolve | undefined;
}

/**
 * The archive spec of a body, once the caller may have it: its keys lie within the caller's
 * prefixes, or `resolve` gave them. Rejects with `malformed`, `too_many_entries`, `forbidden` or
 * `not_found`; nothing has been asked of the store then.
 */
export async function toArchiveSpec(
  body: unknown,
  caller: Caller,
  { limits, resolve }: ArchiveBodyOptions,
): Promise<ArchiveSpec> {
  const archive = resolve
    ? await resolveIds(body, caller, limits, resolve)
    : parseArchiveSpec(body, "");
  if ("entries" in archive) assertEntryCount(archive.entries.length, limits);
  // An application that resolves ids has rules of its own; prefixes are then one more, if there are any.
  if (!resolve || caller.prefixes) assertWithinScope(archive, caller);
  return archive;
}

const idsSchema = z.looseObject({
  ids: z
    .array(z.union([z.string().check(z.minLength(1), z.maxLength(1024)), z.int()]))
    .check(z.minLength(1)),
});

async function resolveIds(
  body: unknown,
  caller: Caller,
  limits: PlanLimits,
  resolve: Resolve,
): Promise<ArchiveSpec> {
  const result = validate(idsSchema, body);
  if (!result.success) throw malformed(result.error, []);
  const { ids, ...rest } = result.data;
  for (const field of ["entries", "prefix"]) {
    if (field in rest) {
      throw new ZiplinkError("malformed", `${field}: unknown field. This service takes ids.`, {
        details: { field },
      });
    }
  }
  // What is beside the ids is looked at before the application is.
  const stated = parseArchiveSpec({ ...rest, entries: [{ key: "-" }] }, "");
  assertEntryCount(ids.length, limits);
  const objects = await resolve(ids, caller);
  if (objects.length !== ids.length) throw new Error("resolve gave another number of objects");
  const entries = objects.filter((object) => object !== undefined);
  if (entries.length < ids.length) throw notFound();
  return { ...stated, entries };
}

/** What a body of `POST /links` has beside the archive spec. */
const termsSchema = z.object({
  expiresIn: z.optional(z.int().check(z.minimum(1))),
  expires: z.optional(z.iso.datetime({ offset: true })),
  subject: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  pin: z._default(z.boolean(), true),
});

/** How long a link works unless its request says otherwise. */
const DEFAULT_SECONDS = 3600;

/**
 * A body of `POST /links`, taken apart: what the link is to be, and the archive's part of the body.
 * Throws `malformed`.
 */
export function parseLinkBody(
  body: unknown,
  maxSeconds: number,
): { readonly terms: LinkTerms; readonly archive: unknown } {
  const result = validate(termsSchema, body);
  if (!result.success) throw malformed(result.error, []);
  const { subject, title, pin } = result.data;
  const terms = {
    expires: expiryOf(result.data, maxSeconds),
    pin,
    ...(subject === undefined ? {} : { subject }),
    ...(title === undefined ? {} : { title }),
  };
  const names = Object.keys(termsSchema.shape);
  const others = Object.entries(body as object).filter(([name]) => !names.includes(name));
  return { terms, archive: Object.fromEntries(others) };
}

function expiryOf({ expiresIn, expires }: z.infer<typeof termsSchema>, maxSeconds: number): Date {
  if (expires !== undefined && expiresIn !== undefined) {
    throw badExpiry("expires", "give either this or expiresIn");
  }
  const now = Date.now();
  const seconds = expiresIn ?? Math.min(DEFAULT_SECONDS, maxSeconds);
  const asked = expires === undefined ? now + seconds * 1000 : Date.parse(expires);
  // A token states whole seconds.
  const date = new Date(Math.floor(asked / 1000) * 1000);
  const field = expires === undefined ? "expiresIn" : "expires";
  if (date.getTime() <= now) throw badExpiry(field, "is in the past");
  if (date.getTime() > now + maxSeconds * 1000) {
    throw badExpiry(field, `a link works for ${maxSeconds} seconds at the most`);
  }
  return date;
}

function badExpiry(field: string, message: string): ZiplinkError {
  return new ZiplinkError("malformed", `${field}: ${message}.`, { details: { field } });
}
