import { create as contentDisposition } from "content-disposition";
import type { BlobInfo, BlobSource, ByteRange } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { readRange } from "../source/read-range.ts";
import { checkPreconditions, rangeIsCurrent } from "./conditions.ts";
import { parseRange } from "./range.ts";

/** One object, and how it is sent. */
export interface RespondObjectOptions {
  readonly blob: BlobInfo;
  /** Its passing failures should not show. */
  readonly source: BlobSource;
  /** The name that a browser saves it under. */
  readonly filename: string;
  /** Value of `Cache-Control`. */
  readonly cacheControl: string;
}

/**
 * Answers a GET or HEAD for one object as RFC 9110 has it for a static file: 200, 206 or 304. Rejects with
 * `precondition_failed`, `range_not_satisfiable`, and what the source rejects with.
 */
export async function respondObject(
  request: Request,
  { blob, source, filename, cacheControl }: RespondObjectOptions,
): Promise<Response> {
  const etag = `"${Buffer.from(blob.version).toString("base64url")}"`;
  const lastModified = new Date(Math.floor(blob.modified.getTime() / 1000) * 1000);
  const validators = { etag, lastModified, isDateStrong: false };
  const headers = {
    ETag: etag,
    "Last-Modified": lastModified.toUTCString(),
    "Cache-Control": cacheControl,
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
  };
  const precondition = checkPreconditions(request.headers, validators);
  if (precondition === 304) return new Response(null, { status: 304, headers });
  if (precondition === 412) {
    throw new ZiplinkError("precondition_failed", "The file is not the one you asked for.");
  }
  const isRange = request.method === "GET" && rangeIsCurrent(request.headers, validators);
  const range = isRange ? parseRange(request.headers.get("Range"), blob.size) : undefined;
  if (range === "unsatisfiable") {
    throw new ZiplinkError("range_not_satisfiable", `The file has ${blob.size} bytes.`, {
      headers: { "Content-Range": `bytes */${blob.size}` },
    });
  }
  const { start, end } = range ?? { start: 0, end: blob.size };
  const described = new Headers({
    ...headers,
    "Content-Type": blob.contentType ?? "application/octet-stream",
    "Content-Disposition": contentDisposition(filename),
    "Content-Length": String(end - start),
    ...(range ? { "Content-Range": `bytes ${start}-${end - 1}/${blob.size}` } : {}),
  });
  const body = request.method === "HEAD" ? null : stream(source, blob, { start, end }, request);
  return new Response(body, { status: range ? 206 : 200, headers: described });
}

/** A body that is opened when it is first read. */
function stream(source: BlobSource, blob: BlobInfo, range: ByteRange, { signal }: Request) {
  const chunks = readRange(source, blob, range, signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}
