import * as z from "zod/mini";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import type { ExpectedChecksums } from "./file-content.ts";

/** Events that a caller may be notified of. */
export const deliveryEvents = ["completed", "failed", "cancelled", "paused"] as const;

const text = z.string().check(z.minLength(1), z.maxLength(2048));
const hex = (digits: number) =>
  z
    .string()
    .check(
      z.regex(
        new RegExp(`^[0-9a-f]{${digits}}$`),
        `must be ${digits} hexadecimal digits in lower case`,
      ),
    );

const recipients = z.array(z.string()).check(z.minLength(1), z.maxLength(20));

/** Terms of a request for a delivery, beside its contents. */
const termsSchema = z.object({
  to: text,
  overwrite: z.optional(z.boolean()),
  notify: z.optional(
    z.strictObject({
      url: z.url({ protocol: /^https?$/ }).check(z.maxLength(2048)),
      events: z.optional(z.array(z.enum(deliveryEvents)).check(z.minLength(1), z.maxLength(10))),
    }),
  ),
  encrypt: z.optional(z.strictObject({ age: recipients })),
});

const fileSchema = z
  .strictObject({
    url: z.optional(z.url({ protocol: /^https?$/ }).check(z.maxLength(8192))),
    key: z.optional(z.string().check(z.minLength(1), z.maxLength(1024))),
    sha256: z.optional(hex(64)),
    md5: z.optional(hex(32)),
    crc32: z.optional(z.int().check(z.minimum(0), z.maximum(0xffffffff))),
    size: z.optional(z.int().check(z.minimum(0))),
  })
  .check(
    z.refine(({ url, key }) => (url === undefined) !== (key === undefined), {
      message: "give either url or key",
    }),
  );

/** How something is to be delivered. */
export type DeliveryTerms = z.infer<typeof termsSchema>;

/** One file that is to be delivered: an object of the source by its key, or one by its URL. */
export interface FileRequest extends ExpectedChecksums {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  /** The length that it must have, in bytes. */
  readonly size?: number | undefined;
}

/** The contents to deliver, as they are kept. */
export type DeliveryRequest = (
  | { readonly kind: "archive"; readonly spec: ArchiveSpec }
  | { readonly kind: "file"; readonly file: FileRequest }
) & { readonly encrypt?: { readonly age: readonly string[] } | undefined };

/** A body of `POST /deliveries`, taken apart. */
export interface DeliveryBody {
  readonly terms: DeliveryTerms;
  /** The file, or the rest of the body, which is an archive's spec. */
  readonly content: { readonly file: FileRequest } | { readonly archive: unknown };
}

/** Returns a body of `POST /deliveries`, taken apart. Throws `malformed`. */
export function parseDeliveryBody(body: unknown): DeliveryBody {
  const terms = validate(termsSchema, body);
  if (!terms.success) throw malformed(terms.error, []);
  const own = Object.keys(termsSchema.shape);
  const rest = Object.fromEntries(
    Object.entries(body as object).filter(([name]) => !own.includes(name)),
  );
  if (!("url" in rest) && !("key" in rest))
    return { terms: terms.data, content: { archive: rest } };
  const file = validate(fileSchema, rest);
  if (!file.success) throw malformed(file.error, []);
  return { terms: terms.data, content: { file: file.data } };
}
