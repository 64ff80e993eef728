import { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { Wakeup } from "../core/async/wakeup.ts";
import { adopt, allocateChunk, CHUNK_BYTES, release, trimChunk } from "../core/bytes/chunks.ts";
import { ZiplinkError } from "../core/errors.ts";
import { ChunkReader } from "../core/source/chunk-reader.ts";
import { storeError } from "../core/source/store-errors.ts";
import { readInLarge } from "./agents.ts";

/**
 * The time in which a chunk that is waited for may fill up, before it is passed on as it is.
 * Milliseconds.
 */
const FILL_MS = 10;

/** The length that a body must have, and how to observe and release it. */
export interface BodyOptions {
  /** The exact number of bytes that the body must have. */
  readonly length: number;
  /** Releases the body at once when aborted. */
  readonly signal: AbortSignal | undefined;
  /** Converts a failure of the body to an error of ours. */
  readonly translate: (error: unknown) => unknown;
  /**
   * Receives all bytes in order, with the number of bytes that follow. An error that it throws
   * replaces the bytes.
   */
  readonly inspect?: (bytes: Uint8Array, remaining: number) => void;
  /** Releases the body after its end, or when nobody wants it. Default: destroys it. */
  readonly close?: () => void | Promise<void>;
}

/**
 * Reads the body of a response in chunks of `CHUNK_BYTES`; if the body is slow, in chunks of the
 * bytes so far. Bodies arrive in pieces of 16 KiB over TLS, and of up to a megabyte otherwise.
 * Copying pieces together costs less than passing each through the layers above. Nothing is read
 * before the first `next`. Rejects with `unavailable` if the body is shorter than it must be, and
 * with `corrupt` if it is longer. An abort releases the body at once.
 */
export class BodyChunks extends ChunkReader {
  readonly #body: Readable;
  readonly #options: BodyOptions;
  /** The connection of a body from Node's client; undefined once all of the body has arrived. */
  readonly #connection: Duplex | null | undefined;
  readonly #ready: Uint8Array[] = [];
  #filling: Buffer<ArrayBuffer> | undefined;
  #filled = 0;
  /** Number of bytes that have not arrived yet. */
  #remaining: number;
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;
  readonly #news = new Wakeup();
  #isAwaited = false;
  #handover: NodeJS.Timeout | undefined;

  constructor(body: Readable, options: BodyOptions) {
    super(options.signal);
    this.#body = body;
    this.#options = options;
    this.#remaining = options.length;
    this.#connection = body instanceof IncomingMessage ? body.socket : undefined;
    if (options.length > CHUNK_BYTES) this.#readInLarge(true);
    body.pause();
    body.on("data", (bytes: Buffer) => this.#receive(bytes));
    body.on("end", () => this.#end());
    // A failure is reported on the next read; until then, it must not end the process.
    body.on("error", (error) => this.#fail(error));
    body.on("close", () => {
      if (!this.#isOver) this.#fail(storeError("broken_off"));
    });
    if (body.destroyed) this.#fail(body.errored ?? storeError("broken_off"));
  }

  protected override read(): Uint8Array | Promise<Uint8Array | undefined> {
    return this.#ready.shift() ?? this.#awaited();
  }

  protected override async dispose(): Promise<void> {
    clearTimeout(this.#handover);
    for (const chunk of this.#ready.splice(0)) release(chunk);
    if (this.#filling) release(this.#filling);
    this.#filling = undefined;
    this.#news.wake();
    const { close } = this.#options;
    if (close) await close();
    else this.#body.destroy();
  }

  /** Waits for the next chunk; returns `undefined` at the end. */
  async #awaited(): Promise<Uint8Array | undefined> {
    while (!this.#isOver && !this.#failure) {
      const news = this.#news.wait();
      this.#isAwaited = true;
      if (this.#filled > 0) this.#handOverSoon();
      this.#body.resume();
      await news;
      this.#isAwaited = false;
      const chunk = this.#ready.shift();
      if (chunk) return chunk;
    }
    if (!this.#failure || this.isClosed) return undefined;
    const { error } = this.#failure;
    throw error instanceof ZiplinkError ? error : this.#options.translate(error);
  }

  #receive(bytes: Buffer): void {
    if (this.isClosed || this.#failure) return;
    this.#remaining -= bytes.length;
    try {
      if (this.#remaining < 0) throw storeError("wrong_length");
      this.#options.inspect?.(bytes, this.#remaining);
    } catch (error) {
      this.#fail(error);
      return;
    }
    const isRest = this.#filled === 0 && this.#remaining === 0;
    if (isRest && bytes.length <= CHUNK_BYTES) {
      this.#ready.push(bytes); // a small body, or the rest of one
      if (isOnlyHere(bytes, this.#body)) adopt(bytes);
    } else {
      this.#copy(bytes);
      if (isOnlyHere(bytes, this.#body)) bytes.buffer.transfer(0);
    }
    if (this.#ready.length > 0) {
      this.#body.pause();
      this.#news.wake();
    } else if (this.#isAwaited) {
      this.#handOverSoon();
    }
  }

  #readInLarge(isWanted: boolean): void {
    if (this.#connection) readInLarge(this.#connection, isWanted);
  }

  #copy(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const left = bytes.length - from + this.#remaining;
      this.#filling ??= allocateChunk(Math.min(CHUNK_BYTES, left));
      const copied = bytes.copy(this.#filling, this.#filled, from);
      from += copied;
      this.#filled += copied;
      if (this.#filled === this.#filling.length) this.#handOver();
    }
  }

  /** Passes the chunk on a little later, since more bytes may arrive that fill it. */
  #handOverSoon(): void {
    this.#handover ??= setTimeout(() => {
      this.#handover = undefined;
      if (this.#isAwaited) this.#handOver();
    }, FILL_MS);
  }

  #handOver(): void {
    if (this.#filling && this.#filled > 0) {
      this.#ready.push(trimChunk(this.#filling, this.#filled));
      this.#filling = undefined;
      this.#filled = 0;
    }
    if (this.#ready.length > 0) this.#news.wake();
  }

  #end(): void {
    this.#readInLarge(false); // before the connection carries another response
    if (this.#remaining > 0) {
      this.#fail(storeError("broken_off"));
      return;
    }
    this.#isEnded = true;
    this.#handOver();
    this.#news.wake();
  }

  /** Records a failure. The bytes that arrived before it are still passed on. */
  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#failure ??= { error };
    this.#handOver();
    this.#news.wake();
  }

  /** Whether the outcome of the body no longer matters. */
  get #isOver(): boolean {
    return this.#isEnded || this.isClosed;
  }
}

/**
 * Whether nothing else can access `bytes`: Node's client copies each part of a body into separate
 * memory. That memory can be freed at once, while the garbage collector would leave gigabytes of it
 * lying around.
 */
function isOnlyHere(bytes: Buffer, body: Readable): bytes is Buffer<ArrayBuffer> {
  return body instanceof IncomingMessage && bytes.length === bytes.buffer.byteLength;
}
