import type { BlobInfo } from "../../core/blob-source.ts";
import type { UrlSource } from "../../core/delivery/delivery-plan.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { parseContentRange } from "../../core/input/content-range.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { type AnswerHeaders, assertAnswers, conditionOf, single, toBlobInfo } from "./answers.ts";
import { translate } from "./errors.ts";
import { createRequester, discard } from "./request.ts";
import type { UrlHosts } from "./url-hosts.ts";

/** Which URLs are read. */
export interface UrlSourceOptions {
  readonly hosts: UrlHosts;
  /** The time limit for a response's headers. Milliseconds, default 30,000. */
  readonly timeoutMs?: number;
}

/** What a HEAD may be refused with where a GET is not: a presigned URL is signed for one method. */
const HEAD_REFUSED: ReadonlySet<string> = new Set(["denied", "not_found", "corrupt"]);

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
    return createRequester({ dispatcher, headers: {}, timeoutMs })(method, url, headers, signal);
  }

  const source: UrlSource = {
    async describe(key, signal) {
      try {
        const { headers, body } = await send("HEAD", key, {}, signal);
        await discard(body);
        const found = describeHeaders(key, headers);
        if (found) return found;
      } catch (error) {
        if (!(error instanceof ZiplinkError) || !HEAD_REFUSED.has(error.code)) throw error;
      }
      const { statusCode, headers, body } = await send("GET", key, { range: "bytes=0-0" }, signal);
      body.destroy();
      const range = parseContentRange(single(headers["content-range"]) ?? "");
      if (statusCode !== 206 || range?.size === undefined) return describeHeaders(key, headers);
      return describeHeaders(key, { ...headers, "content-length": String(range.size) });
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
      const { start, end } = range;
      if (start === end) {
        const { version } = await source.stat(blob.key, signal);
        if (version !== blob.version) throw storeError("changed");
        return nothing();
      }
      const fields = { range: `bytes=${start}-${end - 1}`, ...conditionOf(blob) };
      const answer = await send("GET", blob.key, fields, signal);
      try {
        assertAnswers(answer, blob, range);
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
      return new BodyChunks(answer.body, { length: end - start, signal, translate });
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

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield* [];
}
