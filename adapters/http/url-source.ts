import type { BlobInfo } from "../../core/blob-source.ts";
import type { UrlSource } from "../../core/delivery/delivery-plan.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { type AnswerHeaders, toBlobInfo } from "./answers.ts";
import { translate } from "./errors.ts";
import { openNothing, openObject, type RequestObject, requestDescription } from "./read-object.ts";
import { createRequester } from "./request.ts";
import type { UrlHosts } from "./url-hosts.ts";

/** Which URLs are read. */
export interface UrlSourceOptions {
  readonly hosts: UrlHosts;
  /** The time limit for a response's headers. Milliseconds, default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Files by their URLs, of allowed hosts alone; no redirect is followed. A key is a URL. Its length and
 * version are those that HEAD states or, where that is refused, a GET for its first byte.
 */
export function createUrlSource({ hosts, timeoutMs = 30_000 }: UrlSourceOptions): UrlSource {
  function send(
    method: "GET" | "HEAD",
    text: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ) {
    const { url, dispatcher } = hosts.agentFor(text);
    const options = { dispatcher, headers: {}, timeoutMs, reuseAfterHead: true };
    return createRequester(options)(method, url, headers, signal);
  }

  const requestOf =
    (key: string, signal: AbortSignal | undefined): RequestObject =>
    (method, headers) =>
      send(method, key, headers, signal);

  const source: UrlSource = {
    async describe(key, signal) {
      const description = requestDescription(requestOf(key, signal), { doubtsMissing: true });
      return describeHeaders(key, await description);
    },

    async stat(key, signal) {
      const found = await source.describe(key, signal);
      if (!found) throw storeError("no_length");
      return found;
    },

    list(_prefix, signal) {
      const next = async () => {
        signal?.throwIfAborted();
        throw new ZiplinkError("malformed", "URLs cannot be listed: name each one.");
      };
      return { [Symbol.asyncIterator]: () => ({ next }) };
    },

    async open(blob, range, signal) {
      if (range.start === range.end) return openNothing(blob, () => source.stat(blob.key, signal));
      return openObject(requestOf(blob.key, signal), blob, range, signal);
    },

    async openUnsized(key, signal) {
      const { body } = await send("GET", key, {}, signal);
      return translated(body);
    },
  };
  return source;
}

/** Returns what the headers describe, or `undefined` where they state no length or no version. */
function describeHeaders(key: string, headers: AnswerHeaders): BlobInfo | undefined {
  try {
    return toBlobInfo(key, headers);
  } catch (error) {
    if (error instanceof ZiplinkError && error.code === "corrupt") return undefined;
    throw error;
  }
}

async function* translated(body: AsyncIterable<Uint8Array>) {
  try {
    yield* body;
  } catch (error) {
    throw translate(error);
  }
}
