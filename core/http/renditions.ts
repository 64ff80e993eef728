import { setImmediate } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { inTurn } from "../async/abortable.ts";
import { FairShare } from "../async/fair-share.ts";
import { SharedWork } from "../async/shared-work.ts";
import { ZiplinkError } from "../errors.ts";
import { type ContentCoding, encodeText } from "./content-coding.ts";

/** Memory of renditions kept for later requests, in bytes. Larger ones are not kept at all. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Memory of all renditions being sent, in bytes. One that is sent to many is counted once. */
const SENT_BYTES = 64 * 1024 * 1024;

/** Suggested wait until others have been sent. */
const BUSY_MS = 5_000;

/** The finished bytes of a page or description, encoded, and shared with others. */
export interface Rendition {
  /** The bytes. Must not be changed. */
  readonly bytes: Uint8Array;
  /** Must be called once the bytes have been sent; further calls do nothing. */
  release(): void;
}

/** Options of `Renditions.open`. */
export interface RenderOptions {
  /** Identifies the text: equal keys must mean equal texts. */
  readonly key: string;
  /** The content coding in which it is sent. */
  readonly coding: ContentCoding;
  /** The group that the memory counts for while it is being sent; nobody can have all of it. */
  readonly owner: string;
  /** Renders the text. Called once for all that wait for the same text in the same coding. */
  readonly render: () => string;
  /** Aborts the wait. */
  readonly signal?: AbortSignal | undefined;
}

interface Sent {
  readonly bytes: Uint8Array;
  readonly owner: string;
  readonly charge: number;
  readers: number;
}

/** Options of `Renditions`. */
export interface RenditionsOptions {
  /** How long a rendition is kept for later requests, in seconds; 0 means not at all. */
  readonly cacheSeconds: number;
  /** Memory of all renditions being sent, in bytes. Default: 64 MiB. */
  readonly sentBytes?: number;
}

/**
 * Renders and compresses each page and description once, for all that ask for it, and bounds the memory that
 * they take: 16 MiB for those kept, and 64 MiB for those being sent. Renders one at a time, and lets other work
 * of the process go first.
 */
export class Renditions {
  readonly #kept: LRUCache<string, Uint8Array> | undefined;
  readonly #sent = new Map<string, Sent>();
  readonly #underWay = new Map<string, SharedWork<Uint8Array>>();
  readonly #share: FairShare;
  readonly #limit: number;
  readonly #queue = pLimit(1);

  constructor({ cacheSeconds, sentBytes = SENT_BYTES }: RenditionsOptions) {
    this.#share = new FairShare(sentBytes, 1);
    this.#limit = sentBytes;
    if (cacheSeconds <= 0) return;
    this.#kept = new LRUCache({
      ttl: cacheSeconds * 1000,
      // They hold names, and pages also tokens, so none stays longer than it is used.
      ttlAutopurge: true,
      maxSize: KEPT_BYTES,
      sizeCalculation: ({ length }) => Math.max(1, length),
    });
  }

  /** Returns a rendition. Rejects with `too_many_requests` if there is no memory for it now, and as `render`. */
  async open(options: RenderOptions): Promise<Rendition> {
    options.signal?.throwIfAborted();
    const key = JSON.stringify([options.coding, options.key]);
    const bytes =
      this.#sent.get(key)?.bytes ?? this.#kept?.get(key) ?? (await this.#render(key, options));
    const sent = this.#sent.get(key) ?? this.#begin(key, options.owner, bytes);
    sent.readers++;
    let isReleased = false;
    return {
      bytes,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        if (--sent.readers === 0) this.#end(key, sent);
      },
    };
  }

  async #render(key: string, options: RenderOptions): Promise<Uint8Array> {
    const { owner, signal } = options;
    // Known before the work is done: without memory for a single byte, there is none for the result.
    if (!this.#share.take(owner, 1)) throw busy();
    this.#share.give(owner, 1);
    const current = this.#underWay.get(key);
    const work =
      current && !current.isGivenUp
        ? current
        : new SharedWork((givenUp) => inTurn(this.#queue, () => renderNow(options), givenUp));
    this.#underWay.set(key, work);
    try {
      const bytes = await work.wait(signal);
      this.#kept?.set(key, bytes);
      return bytes;
    } finally {
      if (work.isGivenUp && this.#underWay.get(key) === work) this.#underWay.delete(key);
    }
  }

  #begin(key: string, owner: string, bytes: Uint8Array): Sent {
    // One that is larger than the whole limit can be sent while there are no others.
    const charge = Math.min(bytes.length, this.#limit);
    if (!this.#share.take(owner, charge)) throw busy();
    const sent = { bytes, owner, charge, readers: 0 };
    this.#sent.set(key, sent);
    return sent;
  }

  #end(key: string, { owner, charge }: Sent): void {
    this.#sent.delete(key);
    this.#share.give(owner, charge);
  }
}

async function renderNow({ render, coding }: RenderOptions): Promise<Uint8Array> {
  await setImmediate();
  return encodeText(render(), coding);
}

function busy(): ZiplinkError {
  return new ZiplinkError(
    "too_many_requests",
    `The service is busy. Try again in ${BUSY_MS / 1000} seconds.`,
    { retryAfterMs: BUSY_MS },
  );
}
