import { Writable } from "node:stream";
import type { Prelude } from "./runtime-api.ts";

/** The response stream of an invocation, as `awslambda` provides it, within this process. */
export class FakeResponseStream extends Writable {
  /** The status and headers sent before the body, after the first write. */
  prelude: Prelude | undefined;
  readonly chunks: Buffer[] = [];
  metadata: Prelude | undefined;
  #takes: () => Promise<void>;

  /** @param takes resolves when a client has read a chunk. Default: at once */
  constructor(takes: () => Promise<void> = async () => undefined) {
    super({ highWaterMark: 0 });
    this.#takes = takes;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.prelude ??= this.metadata;
    this.chunks.push(Buffer.from(chunk));
    this.#takes().then(done);
  }
}

/** Installs a stub of the global that Lambda's runtime provides. */
export function installFakeAwslambda(): void {
  const fake = {
    streamifyResponse: <T>(handler: T) => handler,
    HttpResponseStream: {
      from(stream: FakeResponseStream, metadata: Prelude) {
        stream.metadata = metadata;
        return stream;
      },
    },
  };
  Object.assign(globalThis, { awslambda: fake });
}
