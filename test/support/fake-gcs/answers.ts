import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Fault } from "./faults.ts";
import { type FakeObject, toResource } from "./objects.ts";

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json; charset=UTF-8",
    "content-length": bytes.length,
  });
  response.end(bytes);
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes#errorformat */
export function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  retryAfter?: string,
): void {
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  const errors = [{ message, domain: "global", reason: "fake" }];
  sendJson(response, status, { error: { code: status, message, errors } });
}

/** Sends a page of the listing, with at most `pageSize` objects. */
export function sendListing(
  response: ServerResponse,
  query: URLSearchParams,
  objects: readonly FakeObject[],
  pageSize: number,
): void {
  const start = Number(query.get("pageToken") ?? 0);
  const end = start + Math.min(pageSize, Number(query.get("maxResults") ?? pageSize));
  const listing = {
    kind: "storage#objects",
    ...(end < objects.length ? { nextPageToken: String(end) } : {}),
    ...(objects.length > 0 ? { items: objects.slice(start, end).map(toResource) } : {}),
  };
  sendJson(response, 200, select(listing, query.get("fields")));
}

/** Returns the part of `value` that `fields` selects, such as `items(name,size),nextPageToken`. */
export function select(value: object, fields: string | null): object {
  if (fields === null) return value;
  const chosen: Record<string, unknown> = {};
  for (const [, name = "", inner] of fields.matchAll(/(\w+)(?:\(([^)]*)\))?/g)) {
    const found: unknown = (value as Record<string, unknown>)[name];
    if (found === undefined) continue;
    chosen[name] =
      inner === undefined ? found : (found as object[]).map((item) => select(item, inner));
  }
  return chosen;
}

/** Sends the bytes of an object, or a range of them. */
export function sendMedia(
  request: IncomingMessage,
  response: ServerResponse,
  object: FakeObject,
  fault: Fault | undefined,
): void {
  const stored = fault?.wrongBytes ?? object.bytes;
  response.setHeader("x-goog-generation", object.generation);
  response.setHeader("x-goog-hash", `crc32c=${object.crc32c},md5=${object.md5Hash}`);
  response.setHeader("x-goog-stored-content-encoding", object.contentEncoding ?? "identity");
  response.setHeader("x-goog-stored-content-length", stored.length);
  response.setHeader("content-type", object.contentType);

  const accepted = String(request.headers["accept-encoding"] ?? "");
  if (object.contentEncoding === "gzip" && !accepted.includes("gzip")) {
    // For a client that does not accept gzip, it is decompressed and the range ignored:
    // https://docs.cloud.google.com/storage/docs/transcoding#decompressive_transcoding
    response.writeHead(200).end(gunzipSync(stored));
    return;
  }
  if (object.contentEncoding) response.setHeader("content-encoding", object.contentEncoding);

  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from ?? 0);
  const end = Math.min(to ? Number(to) + 1 : stored.length, stored.length);
  if (from !== undefined) {
    if (start >= stored.length) {
      sendError(response, 416, "The range cannot be satisfied.");
      return;
    }
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${stored.length}`);
  }
  response.writeHead(from === undefined ? 200 : 206, { "content-length": end - start });
  const bytes = stored.subarray(start, end);
  if (fault?.dropAfter === undefined) {
    response.end(bytes);
    return;
  }
  response.flushHeaders();
  response.write(bytes.subarray(0, fault.dropAfter), () => {
    if (fault.dropBy === "reset") response.socket?.resetAndDestroy();
    else response.socket?.destroySoon();
  });
}
