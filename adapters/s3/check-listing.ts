import type { Readable } from "node:stream";
import type { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { storeError } from "../../core/source/store-errors.ts";

/** Length of an answer's body in bytes; a thousand objects with the longest keys take a tenth of it. */
const MAX_BYTES = 64 * 1024 * 1024;

/** How much of an answer's start and end is looked at, in bytes. */
const MARGIN = 4096;

/** Markup that may stand before the root element of XML, by its start, and its end. */
const PROLOG = [
  ["<?", "?>"],
  ["<!--", "-->"],
  ["<!", ">"],
] as const;

/**
 * Makes `command` reject with `corrupt` for an answer that is not a listing, and with `unavailable` for one
 * that ends early. The SDK reads any root element, and an empty body, as a listing without objects.
 */
export function checkListing(command: ListObjectsV2Command): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body: Readable | Uint8Array };
      if (response.statusCode < 300) response.body = await readListing(response.body);
      return result;
    },
    { step: "deserialize", priority: "low", name: "checkListing" },
  );
}

async function readListing(body: Readable | Uint8Array): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body instanceof Uint8Array ? [body] : body) {
    length += part.length;
    if (length > MAX_BYTES) throw storeError("no_listing");
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const root = withoutProlog(bytes.toString("latin1", 0, MARGIN));
  // Without a prefix of a namespace, which the SDK would not understand.
  if (!/^<ListBucketResult[\s/>]/.test(root)) throw storeError("no_listing");
  const end = bytes.toString("latin1", Math.max(0, bytes.length - MARGIN)).trimEnd();
  const isWhole = end.endsWith("</ListBucketResult>") || /^<[^<>]*\/>$/.test(root.trimEnd());
  if (!isWhole) throw storeError("broken_off");
  return bytes;
}

/** Returns the start of an XML document from its root element on. */
function withoutProlog(start: string): string {
  const text = start.trimStart();
  const [, end] = PROLOG.find(([mark]) => text.startsWith(mark)) ?? [];
  if (end === undefined || !text.includes(end)) return text;
  return withoutProlog(text.slice(text.indexOf(end) + end.length));
}
