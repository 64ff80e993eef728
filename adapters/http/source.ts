import { Agent, type Dispatcher } from "undici";
import { abortable } from "../../core/async/abortable.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { type Answer, assertAnswers, STRONG_TAG, toBlobInfo } from "./answers.ts";
import { refusal, translate } from "./errors.ts";

/** Which URL is served, and how its server is asked. */
export interface HttpSourceOptions {
  /**
   * The folder to serve, as an `http:` or `https:` URL without credentials, query and fragment. A key
   * is a path below it, not encoded in any way.
   */
  readonly base: string | URL;
  /** How to connect. It must not follow redirects. Default: an `Agent` of this source's own. */
  readonly dispatcher?: Dispatcher;
  /** Sent with each request, as `Authorization` may have to be. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * How long the headers of an answer may take and, unless there is a `dispatcher`, a connection; in
   * milliseconds, default 30,000. A body may take any time: it waits while nobody reads it.
   */
  readonly timeoutMs?: number;
}

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
      // undici waits for a connection before it heeds an abort; its own abort then ends the request.
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
  if (!isPath || /[\\\p{Cc}]/u.test(key) || !key.isWellFormed()) throw storeError("not_found");
  return base.pathname + parts.map(encodeURIComponent).join("/");
}
