import type { IncomingMessage } from "node:http";
import { collect } from "../bytes.ts";

export interface Upload {
  readonly name: string;
  readonly bytes: Buffer;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The checksum that the bytes must have. */
  readonly stated?: string | undefined;
}

/**
 * Reads an upload in a single request: https://docs.cloud.google.com/storage/docs/uploads-downloads
 */
export async function readUpload(request: IncomingMessage, query: URLSearchParams) {
  const body = await collect(request);
  const type = request.headers["content-type"] ?? "";
  const boundary = /boundary=(.+)$/.exec(type)?.[1];
  if (query.get("uploadType") !== "multipart" || boundary === undefined) {
    return { name: query.get("name") ?? "", bytes: body, contentType: type } satisfies Upload;
  }
  const [metadata, content] = readParts(body, boundary);
  const stated = JSON.parse(String(metadata?.bytes)) as Partial<Upload> & { crc32c?: string };
  return {
    name: query.get("name") ?? stated.name ?? "",
    bytes: content?.bytes ?? Buffer.alloc(0),
    contentType: stated.contentType ?? /content-type: *(.+)/i.exec(content?.head ?? "")?.[1],
    contentEncoding: stated.contentEncoding,
    metadata: stated.metadata,
    stated: stated.crc32c,
  } satisfies Upload;
}

/**
 * Returns the parts of a `multipart/related` body. `--boundary` precedes each part, and follows the
 * last.
 */
function readParts(body: Buffer, boundary: string): { head: string; bytes: Buffer }[] {
  const parts: { head: string; bytes: Buffer }[] = [];
  const delimiter = Buffer.from(`--${boundary}`);
  let start = body.indexOf(delimiter) + delimiter.length;
  for (;;) {
    const end = body.indexOf(delimiter, start);
    if (end < 0) return parts;
    const headEnd = body.indexOf("\r\n\r\n", start);
    const head = body.subarray(start + 2, headEnd).toString();
    parts.push({ head, bytes: body.subarray(headEnd + 4, end - 2) });
    start = end + delimiter.length;
  }
}
