import { Writable } from "node:stream";
import type { Prelude } from "./runtime-api.ts";

/** The response stream of an invocation, as `awslambda` gives it, in this process. */
export class FakeResponseStream extends Writable {
  /** What was sent before the body, once there was a first write. */
  prelude: Prelude | undefined;
  readonly chunks: Buffer[] = [];
  metadata: Prelude | undefined;
  #takes: () => Promise<void>;

  /** @param takes resolves when a client has taken a chunk. Default: at once */
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

/** Puts a stand-in for the global that Lambda's runtime has in its place. */
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
