import type { ReaderOptions } from "../contract/chunk-reader.ts";

/**
 * Chunks that hold something until they end, fail or are returned, each of which is a release. After the
 * first one they do as `after` says.
 */
export function heldChunks(pieces: readonly Uint8Array[], after: ReaderOptions["after"]) {
  let given = 0;
  let released = 0;
  let isOver = false;
  const stalled = Promise.withResolvers<void>();
  const end = () => {
    if (!isOver) released++;
    isOver = true;
    stalled.resolve();
    return { done: true, value: undefined } as const;
  };
  const chunks: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (given === 1 && after === "stalls") await stalled.promise;
      if (given === 1 && after === "fails") {
        end();
        throw new Error("broken");
      }
      const piece = isOver ? undefined : pieces[given++];
      return piece ? { done: false, value: new Uint8Array(piece) } : end();
    },
    async return() {
      return end();
    },
  };
  return { chunks, released: () => released };
}
