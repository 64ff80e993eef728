import { Agent, type Dispatcher } from "undici";
import { abortable } from "../../core/async/abortable.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { type Answer, assertAnswers, STRONG_TAG, toBlobInfo } from "./answers.ts";
import { refusal, translate } from "./errors.ts";

/** The URL of a source, and how its server is reached. */
export interface HttpSourceOptions {
  /**
   * The folder to serve, as an `http:` or `https:` URL without credentials, query and fragment. A
   * key is a path below it, without any encoding.
   */
  readonly base: string | URL;
  /** Makes the requests. Must not follow redirects. Default: a separate `Agent`. */
  readonly dispatcher?: Dispatcher;
  /** Sent with every request, such as `Authorization`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The time limit for a response's headers and, unless there is a `dispatcher`, for a connection.
   * Milliseconds, default 30,000. A body has no time limit, as it waits while nobody reads it.
   */
  readonly timeoutMs?: number;
}

/** How much of an unused response is read, and for how long, to keep its connection open. */
const DISCARD_LIMIT = { bytes: 16 * 1024, milliseconds: 1000 };

/**
 * Serves the objects below a URL of any web server that supports byte ranges. It cannot list. No
 * key leads out of the base, and no redirect is followed.
 *
 * A version is the object's strong ETag or, without one, its `Last-Modified` and size (RFC 9110,
 * 8.8). That time is in seconds, so two objects of the same size written within a second have the
 * same version. Every response must state the requested version, in case the server ignores
 * `If-Match`. If a server writes to a file while sending it, it can mix two versions, and nobody
 * can tell.
 *
 * Throws a `TypeError` for a `base` that is not of the form above.
 */
export function createHttpSource(options: HttpSourceOptions): BlobSource {
  const { timeoutMs = 30_000 } = options;
  const { dispatcher = new Agent({ connect: { timeout: timeoutMs } }) } = options;
  const base = parseBase(options.base);
  const ownHeaders = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );

  /**
   * Returns the response to a request if it is successful; otherwise rejects with the meaning of
   * its status.
   */
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
      // undici ignores an abort while it waits for a connection; its own abort ends the request
      // afterwards.
      const answer = await abortable(request, signal);
      // Errors are reported to the body's reader; those of an abandoned body concern nobody.
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
        // HTTP has no request for zero bytes.
        const { version } = await source.stat(blob.key, signal);
        if (version !== blob.version) throw storeError("changed");
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
      return new BodyChunks(answer.body, { length: end - start, signal, translate });
    },
  };
  return source;
}

/** Releases a body. A short rest is read first, since its connection would be lost otherwise. */
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
 * Returns the path of `key` below the base. Throws `not_found` for keys with empty parts, `.` or
 * `..`, and for keys with control characters or backslashes: even if these are encoded, some
 * servers truncate a path at them or treat them as slashes. Everything else is encoded, and so is
 * only a name, including `%2e%2e`.
 */
function toPath(base: URL, key: string): string {
  const parts = key.split("/");
  const isPath = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPath || /[\\\p{Cc}]/u.test(key) || !key.isWellFormed()) throw storeError("not_found");
  return base.pathname + parts.map(encodeURIComponent).join("/");
}
