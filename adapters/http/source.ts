import { Agent, type Dispatcher } from "undici";
import type { BlobSource } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { toBlobInfo } from "./answers.ts";
import { openNothing, openObject, type RequestObject, requestDescription } from "./read-object.ts";
import { createRequester } from "./request.ts";

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

/**
 * Serves the objects below a URL of any web server that supports byte ranges. It cannot list. No
 * key leads out of the base, and no redirect is followed. An object is described by HEAD or, where
 * that is refused or states no length or version, by a GET for its first byte.
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
  const { headers: ownHeaders = {} } = options;
  const ask = createRequester({ dispatcher, headers: ownHeaders, timeoutMs });
  const send = (
    method: "GET" | "HEAD",
    key: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ) => ask(method, new URL(toPath(base, key), base), headers, signal);

  const requestOf =
    (key: string, signal: AbortSignal | undefined): RequestObject =>
    (method, headers) =>
      send(method, key, headers, signal);
  let knowsHead = true;
  const onNoHead = () => {
    knowsHead = false;
  };

  const source: BlobSource = {
    async stat(key, signal) {
      const request = requestOf(key, signal);
      return toBlobInfo(key, await requestDescription(request, { knowsHead, onNoHead }));
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
      if (range.start === range.end) return openNothing(blob, () => source.stat(blob.key, signal));
      return openObject(requestOf(blob.key, signal), blob, range, signal);
    },
  };
  return source;
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
