import { LRUCache } from "lru-cache";
import { chooseCoding, encodeText } from "./content-coding.ts";

/** A text to send, which may be one that was rendered before. */
export interface CachedText {
  /** Everything that the text depends on, as the key to find it again. */
  readonly key: readonly string[];
  /** Makes the text. Called only if it is not cached. */
  readonly render: () => string | Promise<string>;
  /** Header fields of the response, besides those of its coding. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Maximum length of all cached texts of one cache together, as encoded, in bytes. */
const MAX_CACHED_BYTES = 16 * 1024 * 1024;

/**
 * Texts that describe archives, such as pages: each is rendered and compressed once, and then reused as
 * long as a plan is. Holds at most 16 MiB, and longer texts not at all.
 */
export class TextCache {
  readonly #texts: LRUCache<string, Uint8Array<ArrayBuffer>> | undefined;
  readonly #underWay = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  /** @param seconds how long a text is reused; 0 means never */
  constructor(seconds: number) {
    if (seconds <= 0) return;
    this.#texts = new LRUCache({
      ttl: seconds * 1000,
      // The texts hold tokens and names, so none stays longer than it is used.
      ttlAutopurge: true,
      maxSize: MAX_CACHED_BYTES,
      sizeCalculation: ({ length }) => Math.max(1, length),
    });
  }

  /**
   * Returns the response with a text in the coding that the request prefers. Rejects with the errors of
   * `render`, which are not cached.
   */
  async respond({ headers }: Pick<Request, "headers">, text: CachedText): Promise<Response> {
    const coding = chooseCoding(headers.get("Accept-Encoding"));
    const key = JSON.stringify([coding, ...text.key]);
    const bytes = this.#texts?.get(key) ?? (await this.#make(key, text, coding));
    const fields = new Headers(text.headers);
    fields.append("Vary", "Accept-Encoding");
    if (coding !== "identity") fields.set("Content-Encoding", coding);
    return new Response(bytes, { headers: fields });
  }

  /** Concurrent requests for the same text share the work. */
  async #make(
    key: string,
    { render }: CachedText,
    coding: ReturnType<typeof chooseCoding>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const current = this.#underWay.get(key);
    if (current) return current;
    const making = (async () => encodeText(await render(), coding))();
    this.#underWay.set(key, making);
    try {
      const bytes = await making;
      this.#texts?.set(key, bytes);
      return bytes;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
