import type { Readable } from "node:stream";
import { Agent, type Dispatcher, errors } from "undici";
import type { BlobInfo, BlobSource, ByteRange } from "../core/blob-source.ts";
import { changed, notFound, ZiplinkError } from "../core/errors.ts";

export interface HttpSourceOptions {
  /**
   * The folder to serve, as an `http:` or `https:` URL without credentials, query and fragment. A key
   * is a path below it, not encoded in any way.
   */
  readonly base: string | URL;
  /** How to connect. It must not follow redirects. Default: an `Agent` of this source's own. */
  readonly dispatcher?: Dispatcher;
  /** Sent with each request, as `Authorization` may have to be. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * How long the headers of an answer may take and, unless there is a `dispatcher`, a connection; in
   * milliseconds, default 30,000. A body may take any time: it waits while nobody reads it.
   */
  readonly timeoutMs?: number;
}

type Answer = Pick<Dispatcher.ResponseData, "statusCode" | "headers" | "body">;
type AnswerHeaders = Answer["headers"];

/** An entity tag that `If-Match` can compare (RFC 9110, 8.8.3), of ASCII only, as we send it back. */
const STRONG_TAG = /^"[!#-~]*"$/;

/** ZIP's first day, for an object whose time is not known: it must not be another one each time. */
const UNKNOWN_TIME = Date.UTC(1980, 0, 1);

/** How much is read of an answer that is of no use, and for how long, to keep its connection. */
const DISCARD_LIMIT = { bytes: 16 * 1024, milliseconds: 1000 };

/**
 * Objects below one URL of any web server that knows byte ranges. It cannot list. No key leads out
 * of the base, and no redirect is followed, wherever it leads.
 *
 * A version is the object's strong ETag or, without one, its `Last-Modified` and size (RFC 9110,
 * 8.8): that has seconds, so of two objects of one size within a second it takes one for the other.
 * Each answer must state the version that was asked for, in case the server ignores `If-Match`. A
 * server that writes to a file while it sends it can mix two versions, and nobody can tell.
 */
export function createHttpSource(options: HttpSourceOptions): BlobSource {
  const { timeoutMs = 30_000 } = options;
  const { dispatcher = new Agent({ connect: { timeout: timeoutMs } }) } = options;
  const base = parseBase(options.base);
  const ownHeaders = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );

  /** The answer to a request if it is a success; rejects with what its status means otherwise. */
  async function send(
    method: "GET" | "HEAD",
    key: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    const path = toPath(base, key);
    try {
      const request = dispatcher.request({
        origin: base.origin,
        path,
        method,
        headers: { ...ownHeaders, "accept-encoding": "identity", ...headers },
        signal: signal ?? null,
        headersTimeout: timeoutMs,
        bodyTimeout: 0,
      });
      const answer = await abortable(request, signal);
      // Who reads the body learns of its errors there; of one that is given up nobody needs to.
      answer.body.on("error", () => undefined);
      const error = refusal(answer, new URL(path, base));
      if (error) {
        await discard(answer.body);
        throw error;
      }
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      throw translate(error);
    }
  }

  const source: BlobSource = {
    async stat(key, signal) {
      const { headers, body } = await send("HEAD", key, {}, signal);
      await discard(body);
      return toBlobInfo(key, headers);
    },

    list(_prefix, signal) {
      const next = async () => {
        signal?.throwIfAborted();
        throw new ZiplinkError(
          "malformed",
          "This source cannot list: name the entries of the archive by their keys.",
        );
      };
      return { [Symbol.asyncIterator]: () => ({ next }) };
    },

    async open(blob, range, signal) {
      const { start, end } = range;
      if (start === end) {
        // HTTP cannot ask for no bytes.
        const { version } = await source.stat(blob.key, signal);
        if (version !== blob.version) throw changed();
        return nothing();
      }
      const condition = STRONG_TAG.test(blob.version)
        ? { "if-match": blob.version }
        : { "if-unmodified-since": blob.modified.toUTCString() };
      const bytes = `bytes=${start}-${end - 1}`;
      const answer = await send("GET", blob.key, { range: bytes, ...condition }, signal);
      try {
        assertAnswers(answer, blob, range);
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
      return new BodyChunks(answer.body, end - start, signal);
    },
  };
  return source;
}

/**
 * A body of `length` bytes. It is no generator since `return()` of one that has not started does not
 * run its `finally`. On an abort, undici destroys the body.
 */
class BodyChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #body: Readable;
  readonly #signal: AbortSignal | undefined;
  #remaining: number;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #returned = false;

  constructor(body: Readable, length: number, signal: AbortSignal | undefined) {
    this.#body = body;
    this.#remaining = length;
    this.#signal = signal;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      this.#signal?.throwIfAborted();
      if (this.#returned) return { done: true, value: undefined };
      this.#chunks ??= this.#body[Symbol.asyncIterator]();
      const { done, value } = await this.#chunks.next();
      this.#signal?.throwIfAborted();
      this.#remaining -= done ? 0 : value.length;
      if (done ? this.#remaining > 0 : this.#remaining < 0) {
        throw unavailable("The store sent another number of bytes than it said.");
      }
      return done ? { done, value: undefined } : { done: false, value };
    } catch (error) {
      this.#body.destroy();
      this.#signal?.throwIfAborted();
      if (this.#returned) return { done: true, value: undefined };
      throw translate(error);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#returned = true;
    this.#body.destroy();
    return { done: true, value: undefined };
  }
}

/** Lets go of a body, after reading what little is left of it, as else its connection is lost. */
async function discard(body: Answer["body"]): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_LIMIT.milliseconds);
  await body.dump({ limit: DISCARD_LIMIT.bytes, signal }).catch(() => undefined);
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield* [];
}

function parseBase(base: string | URL): URL {
  const url = new URL(base);
  if (!/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new TypeError(
      "base must be an http: or https: URL without credentials, query and fragment",
    );
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/**
 * The path of `key` below the base. Empty parts, `.` and `..` are no part of any key. Neither are
 * control characters and backslashes, which some servers cut a path at or take for a slash, encoded
 * as they may be; all else is encoded and so a mere name, `%2e%2e` too.
 */
function toPath(base: URL, key: string): string {
  const parts = key.split("/");
  const isPath = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPath || /[\\\p{Cc}]/u.test(key) || !key.isWellFormed()) throw notFound();
  return base.pathname + parts.map(encodeURIComponent).join("/");
}

function toBlobInfo(key: string, headers: AnswerHeaders): BlobInfo {
  const size = lengthOf(headers);
  if (isEncoded(headers) || size === undefined) {
    throw unavailable("The store does not tell the length of its objects.");
  }
  const version = versionOf(headers, size);
  if (version === undefined) {
    throw unavailable("The store does not tell the versions of its objects.");
  }
  const contentType = single(headers["content-type"]);
  return {
    key,
    size,
    version,
    modified: new Date(parseDate(single(headers["last-modified"])) ?? UNKNOWN_TIME),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

/** Throws unless the answer holds exactly the range that was asked for, of that version. */
function assertAnswers({ statusCode, headers }: Answer, blob: BlobInfo, range: ByteRange): void {
  const length = lengthOf(headers);
  const part = statusCode === 206 ? parseContentRange(headers) : wholeOf(length);
  if (part === undefined || isEncoded(headers)) {
    throw unavailable("The store does not tell which bytes it sends.");
  }
  const version = versionOf(headers, part.size);
  if (version === undefined || (STRONG_TAG.test(blob.version) && headers.etag === undefined)) {
    throw unavailable("The store does not tell which version it sends.");
  }
  if (version !== blob.version || part.size !== blob.size) throw changed();
  if (part.start !== range.start || part.end !== range.end) {
    throw unavailable(
      statusCode === 200
        ? "The store cannot send parts of its objects: it ignores Range."
        : "The store sent other bytes than it was asked for.",
    );
  }
  if (length !== undefined && length !== range.end - range.start) {
    throw unavailable("The store sent another number of bytes than it was asked for.");
  }
}

/** The strong ETag or else, if there is one, the time, with all else that may tell versions apart. */
function versionOf(headers: AnswerHeaders, size: number): string | undefined {
  const etag = single(headers.etag);
  if (etag !== undefined && STRONG_TAG.test(etag)) return etag;
  const modified = parseDate(single(headers["last-modified"]));
  return modified === undefined ? undefined : `${modified}-${size}-${etag ?? ""}`;
}

function wholeOf(length: number | undefined) {
  return length === undefined ? undefined : { start: 0, end: length, size: length };
}

/** RFC 9110, 14.4. `undefined` also where the size is unknown (`*`). */
function parseContentRange(headers: AnswerHeaders) {
  const value = single(headers["content-range"]) ?? "";
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(value) ?? [];
  if (first === undefined) return undefined;
  return { start: Number(first), end: Number(last) + 1, size: Number(size) };
}

function lengthOf(headers: AnswerHeaders): number | undefined {
  const value = single(headers["content-length"]) ?? "";
  const length = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(length) ? length : undefined;
}

function isEncoded(headers: AnswerHeaders): boolean {
  const encoding = headers["content-encoding"];
  return encoding !== undefined && encoding !== "" && encoding !== "identity";
}

/** A header's value; none if it is there more than once, as nothing says which one counts. */
function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Milliseconds of an HTTP date in any of its three forms (RFC 9110, 5.6.7); asctime names no zone. */
function parseDate(value: string | undefined): number | undefined {
  const time = Date.parse(value?.endsWith("GMT") ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

/** What a status means for the object at `url`; `undefined` for success. */
function refusal({ statusCode, headers }: Answer, url: URL): ZiplinkError | undefined {
  const cause = new Error(`${url} was answered with ${statusCode}`);
  const retryAfterMs = retryAfter(headers);
  switch (statusCode) {
    case 200:
    case 206:
      return undefined;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return leadsToFolder(headers, url)
        ? notFound(cause)
        : denied("The store redirects to another place, which is not followed.", cause);
    case 401:
    case 403:
    case 407:
    case 451:
      return denied("The store refuses access to its objects.", cause);
    case 404:
    case 410:
    case 414: // nothing has a name that is too long
      return notFound(cause);
    case 408:
    case 504:
      return timedOut(cause);
    case 412:
    case 416:
      return changed(cause);
    case 429:
      return throttled(cause, retryAfterMs);
    case 503:
      return retryAfterMs === undefined
        ? unavailable(LATER, cause)
        : throttled(cause, retryAfterMs);
    default:
      return unavailable(LATER, cause);
  }
}

/** Whether a redirect adds a slash, as web servers do for a folder: then there is no such object. */
function leadsToFolder(headers: AnswerHeaders, url: URL): boolean {
  const location = single(headers.location);
  const target = location === undefined ? null : URL.parse(location, url.href);
  return target?.pathname === `${url.pathname}/`;
}

/** Milliseconds that a `Retry-After` (RFC 9110, 10.2.3) asks for, by the server's own clock. */
function retryAfter(headers: AnswerHeaders): number | undefined {
  const value = single(headers["retry-after"]);
  if (value !== undefined && /^\d+$/.test(value)) return Number(value) * 1000;
  const at = parseDate(value);
  const now = parseDate(single(headers.date)) ?? Date.now();
  return at === undefined ? undefined : Math.max(0, at - now);
}

/** undici waits for a connection before it heeds an abort. Its own abort then ends the request. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** undici's and Node's errors as ours; what has no code is a defect. */
function translate(error: unknown): unknown {
  if (error instanceof ZiplinkError || !(error instanceof Error)) return error;
  if (error instanceof errors.HTTPParserError) return unavailable(LATER, error);
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case undefined:
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
      return error;
    case "UND_ERR_CONNECT_TIMEOUT":
    case "UND_ERR_HEADERS_TIMEOUT":
    case "UND_ERR_BODY_TIMEOUT":
    case "ETIMEDOUT":
      return timedOut(error);
    default:
      return unavailable(LATER, error);
  }
}

const LATER = "The store cannot be read now. Try again.";

function denied(message: string, cause: Error): ZiplinkError {
  return new ZiplinkError("denied", message, { cause });
}

function throttled(cause: Error, retryAfterMs: number | undefined): ZiplinkError {
  const message = "The store asks to slow down. Try again later.";
  return new ZiplinkError("throttled", message, { cause, retryAfterMs });
}

function timedOut(cause: Error): ZiplinkError {
  return new ZiplinkError("timeout", "The store did not answer in time. Try again.", { cause });
}

function unavailable(message: string, cause?: Error): ZiplinkError {
  return new ZiplinkError("unavailable", message, { cause });
}
