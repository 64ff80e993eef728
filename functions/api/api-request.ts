import * as z from "zod/mini";
import { ZiplinkError } from "../../core/errors.ts";
import { assertWithinScope, type Caller } from "../../core/http/caller.ts";
import type { LinkTerms } from "../../core/http/caller-archives.ts";
import { malformed } from "../../core/input/malformed.ts";
import { validate } from "../../core/input/validate.ts";
import {
  type ArchiveEntry,
  type ArchiveSpec,
  parseArchiveSpec,
} from "../../core/planning/archive-spec.ts";
import { assertEntryCount, type PlanLimits } from "../../core/planning/plan-limits.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { defaults } from "../config/defaults.ts";

/** An application's own ID of an object. */
export type ApplicationId = string | number;

/** An object of the store and what is known about it, in the form of an archive spec's entry. */
export type ResolvedObject = ArchiveEntry;

/**
 * Maps an application's own IDs to objects for a caller: the place for its database and its access
 * rules. Must return one object per ID, in the same order, and `undefined` for an ID that does not
 * exist or that the caller may not have: the whole request is then refused. May reject with a
 * `ZiplinkError` of its own.
 */
export type Resolve = (
  ids: readonly ApplicationId[],
  caller: Caller,
) => Promise<readonly (ResolvedObject | undefined)[]>;

/** Options for checking the archive specs in request bodies. */
export interface ArchiveBodyOptions {
  /** Limits of one archive; only the number of entries or IDs is checked here. */
  readonly limits: PlanLimits;
  /** If set, requests must name `ids` instead of `entries` or a `prefix`. */
  readonly resolve?: Resolve | undefined;
}

/**
 * Returns the archive spec of a body that the caller may have: its keys lie within the caller's
 * prefixes, or `resolve` returned them. Rejects with `malformed`, `too_many_entries`, `forbidden` or
 * `not_found`, without any request to the store.
 */
export async function toArchiveSpec(
  body: unknown,
  caller: Caller,
  { limits, resolve, besides = [] }: ArchiveBodyOptions & BodyFields,
): Promise<ArchiveSpec> {
  const archive = resolve
    ? await resolveIds(body, caller, { limits, resolve, besides })
    : parseArchiveSpec(body, { path: "", maxEntries: limits.maxEntries, besides });
  // An application that resolves IDs has its own access rules; a caller's prefixes, if any, apply too.
  if (!resolve || caller.prefixes) assertWithinScope(archive, caller);
  return archive;
}

/** The fields of a body that are not the archive spec's. */
export interface BodyFields {
  /** Their names, for an error to say which one a typing error means. Default: none. */
  readonly besides?: readonly string[];
}

const idsSchema = z.looseObject({ ids: z.array(z.unknown()).check(z.minLength(1)) });

const idSchema = z.union([z.string().check(z.minLength(1), z.maxLength(1024)), z.int()]);

async function resolveIds(
  body: unknown,
  caller: Caller,
  {
    limits,
    resolve,
    besides,
  }: Pick<ArchiveBodyOptions, "limits"> & { readonly resolve: Resolve } & BodyFields,
): Promise<ArchiveSpec> {
  const result = validate(idsSchema, body);
  if (!result.success) throw malformed(result.error, []);
  const { ids: inputs, ...rest } = result.data;
  assertEntryCount(inputs.length, limits);
  const ids = inputs.map((input, index) => {
    const id = validate(idSchema, input);
    if (id.success) return id.data;
    throw malformed(id.error, ["ids", String(index)]);
  });
  for (const field of ["entries", "prefix"]) {
    if (field in rest) {
      throw new ZiplinkError("malformed", `${field}: unknown field. Send ids instead.`, {
        details: { field },
      });
    }
  }
  // Validates the other fields before the application is called.
  const stated = parseArchiveSpec(
    { ...rest, entries: [{ key: "-" }] },
    {
      path: "",
      besides: ["ids", ...(besides ?? [])],
    },
  );
  const objects = await resolve(ids, caller);
  if (objects.length !== ids.length)
    throw new Error(`resolve returned ${objects.length} objects for ${ids.length} ids`);
  const entries = objects.filter((object) => object !== undefined);
  if (entries.length < ids.length) throw storeError("not_found");
  return { ...stated, entries };
}

/** The fields of a `POST /links` body besides the archive spec. */
const termsSchema = z.object({
  expiresIn: z.optional(z.int().check(z.minimum(1))),
  expires: z.optional(z.iso.datetime({ offset: true })),
  subject: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  issuer: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  message: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
  pin: z._default(z.boolean(), true),
});

/** Names of the fields of a `POST /links` body besides the archive spec. */
export const linkFields: readonly string[] = Object.keys(termsSchema.shape);

/**
 * Splits a `POST /links` body into the terms of the link and the archive spec, which is not validated
 * yet. Throws `malformed`.
 */
export function parseLinkBody(
  body: unknown,
  maxSeconds: number,
): { readonly terms: LinkTerms; readonly archive: unknown } {
  const result = validate(termsSchema, body);
  if (!result.success) throw malformed(result.error, []);
  const { subject, title, issuer, message, pin } = result.data;
  const terms = {
    expires: expiryOf(result.data, maxSeconds),
    pin,
    ...(subject === undefined ? {} : { subject }),
    ...(title === undefined ? {} : { title }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(message === undefined ? {} : { message }),
  };
  const others = Object.entries(body as object).filter(([name]) => !linkFields.includes(name));
  return { terms, archive: Object.fromEntries(others) };
}

function expiryOf({ expiresIn, expires }: z.infer<typeof termsSchema>, maxSeconds: number): Date {
  if (expires !== undefined && expiresIn !== undefined) {
    throw badExpiry("expires", "set either this or expiresIn, not both");
  }
  const now = Date.now();
  const seconds = expiresIn ?? Math.min(defaults.linkSeconds, maxSeconds);
  // Checked before conversion to a date: dates end about 273,000 years from now.
  if (seconds > maxSeconds) throw tooLong("expiresIn", maxSeconds);
  const asked = expires === undefined ? now + seconds * 1000 : Date.parse(expires);
  // Tokens state expiry times in whole seconds.
  const date = new Date(Math.floor(asked / 1000) * 1000);
  const field = expires === undefined ? "expiresIn" : "expires";
  if (date.getTime() <= now) throw badExpiry(field, "is in the past");
  if (date.getTime() > now + maxSeconds * 1000) {
    throw tooLong(field, maxSeconds);
  }
  return date;
}

function tooLong(field: string, maxSeconds: number): ZiplinkError {
  return badExpiry(field, `a link may work for at most ${maxSeconds} seconds`);
}

function badExpiry(field: string, message: string): ZiplinkError {
  return new ZiplinkError("malformed", `${field}: ${message}.`, { details: { field } });
}
