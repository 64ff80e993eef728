import * as z from "zod/mini";
import type { Delivery, DeliveryStatus } from "../../core/delivery/delivery.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { malformed } from "../../core/input/malformed.ts";
import { validate } from "../../core/input/validate.ts";

const querySchema = z.object({
  status: z.optional(z.enum(["pending", "running", "paused", "completed", "failed", "cancelled"])),
  page_size: z.optional(z.string().check(z.regex(/^\d{1,4}$/, "must be a whole number"))),
  page_token: z.optional(z.string().check(z.maxLength(500))),
});

const MAX_PAGE_SIZE = 1000;
const DEFAULT_PAGE_SIZE = 50;

/** Which deliveries a `GET /deliveries` is for. */
export interface DeliveryQuery {
  readonly status?: DeliveryStatus | undefined;
  readonly pageSize: number;
  readonly after?: { readonly created: string; readonly id: string } | undefined;
}

/** Parses the query of `GET /deliveries`. Throws `malformed`. */
export function parseDeliveryQuery(params: URLSearchParams): DeliveryQuery {
  const result = validate(querySchema, Object.fromEntries(params));
  if (!result.success) throw malformed(result.error, []);
  const { status, page_size, page_token } = result.data;
  const size = Number(page_size ?? DEFAULT_PAGE_SIZE);
  const after = page_token === undefined ? undefined : decodeToken(page_token);
  return { status, pageSize: Math.min(Math.max(size, 1), MAX_PAGE_SIZE), after };
}

/** Returns a page of deliveries, which are sorted from the latest, and the token of the next page. */
export function pageOf(all: readonly Delivery[], { pageSize, after }: DeliveryQuery) {
  const start = after ? all.findIndex((delivery) => isBehind(delivery, after)) : 0;
  const page = start < 0 ? [] : all.slice(start, start + pageSize);
  const last = page.at(-1);
  const hasMore = start >= 0 && start + pageSize < all.length;
  return { page, nextPageToken: last && hasMore ? encodeToken(last) : undefined };
}

function isBehind({ created, id }: Delivery, after: { created: string; id: string }): boolean {
  return created < after.created || (created === after.created && id < after.id);
}

function encodeToken({ created, id }: Delivery): string {
  return Buffer.from(`${created} ${id}`).toString("base64url");
}

function decodeToken(token: string): { created: string; id: string } {
  const [, created, id] = /^(\S+) (\S+)$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (created !== undefined && id !== undefined) return { created, id };
  throw new ZiplinkError("malformed", "page_token: is not one that this service has given.", {
    details: { field: "page_token" },
  });
}
