/** The bytes `[start, end)`. */
export type Interval = readonly [start: number, end: number];

/** Returns `intervals` and `added` in ascending order, joined where they touch or overlap. */
export function addInterval(intervals: readonly Interval[], added: Interval): Interval[] {
  const joined: Interval[] = [];
  for (const [start, end] of [...intervals, added].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], end)];
    else joined.push([start, end]);
  }
  return joined;
}

/**
 * Yields the missing parts of `length` bytes, in ascending pieces of at most `pieceBytes`. One at a time:
 * there may be more of them than fit in memory.
 */
export function* missingPieces(
  intervals: readonly Interval[],
  length: number,
  pieceBytes: number,
): Generator<Interval, undefined> {
  let position = 0;
  for (const [start, end] of [...intervals, [length, length] as const]) {
    for (; position < start; position += pieceBytes) {
      yield [position, Math.min(position + pieceBytes, start)];
    }
    position = end;
  }
}

/** Returns the number of bytes in the intervals, which must not overlap. */
export function countBytes(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [start, end]) => sum + end - start, 0);
}
