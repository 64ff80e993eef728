import { createHash, randomBytes } from "node:crypto";
import {
  type DeliveryRequest,
  type DeliveryTerms,
  parseDeliveryBody,
} from "../../core/delivery/delivery-request.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { assertWithinScope, type Caller } from "../../core/http/caller.ts";
import { type ArchiveBodyOptions, toArchiveSpec } from "../api/api-request.ts";

/** Checks of a request for a delivery before it is created. */
export interface DeliveryBodyOptions extends ArchiveBodyOptions {
  /** Returns the key that a `to` has within its destination. Throws `forbidden` or `malformed`. */
  readonly keyOf: (to: string) => string;
  /** Throws `forbidden` for a URL that is not to be fetched. */
  readonly assertUrl: (url: string) => void;
  /** Throws `forbidden` for a URL that is not to be notified. */
  readonly assertNotify: (url: string) => void;
}

/**
 * Returns a body of `POST /deliveries`, once the caller may have what it asks for: the source's keys, and
 * the key in the destination, are within the caller's prefixes; URLs are of allowed hosts.
 */
export async function toDeliveryRequest(
  body: unknown,
  caller: Caller,
  options: DeliveryBodyOptions,
): Promise<{ readonly request: DeliveryRequest; readonly terms: DeliveryTerms }> {
  const { terms, content } = parseDeliveryBody(body);
  const encrypt = terms.encrypt && { encrypt: terms.encrypt };
  assertKey(options.keyOf(terms.to), caller, options);
  if (terms.notify) options.assertNotify(terms.notify.url);
  if ("archive" in content) {
    const spec = await toArchiveSpec(content.archive, caller, options);
    return { terms, request: { kind: "archive", spec, ...encrypt } };
  }
  const { file } = content;
  if (file.url !== undefined) options.assertUrl(file.url);
  else if (file.key !== undefined) assertKey(file.key, caller, options);
  return { terms, request: { kind: "file", file, ...encrypt } };
}

function assertKey(key: string, caller: Caller, { resolve }: ArchiveBodyOptions): void {
  if (resolve && !caller.prefixes) return;
  assertWithinScope({ entries: [{ key }] }, caller);
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Returns the id of a new delivery: of the caller's Idempotency-Key, so that the same request sent again
 * is the same delivery, or a new one. Throws `malformed`.
 */
export function deliveryIdOf(headers: Headers, caller: Caller): string {
  const key = headers.get("Idempotency-Key");
  if (key === null) return randomBytes(16).toString("base64url");
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new ZiplinkError(
      "malformed",
      "Idempotency-Key: must have 1 to 255 visible ASCII characters.",
      { details: { field: "Idempotency-Key" } },
    );
  }
  const hash = createHash("sha256").update(JSON.stringify([caller.id, key]));
  return hash.digest("base64url").slice(0, 22);
}
