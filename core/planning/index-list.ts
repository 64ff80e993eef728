import { ZiplinkError } from "../errors.ts";

/** Bounds the work for one list; a list of this length can name more than a thousand scattered entries. */
const MAX_LENGTH = 8192;

/**
 * Parses a list such as "0,3-7" and returns its numbers in ascending order without duplicates, so at most
 * `count` of them. Numbers start at 0 and must be below `count`; a range includes both ends. Throws
 * `malformed`, naming `field`, if the list is invalid, empty, or longer than 8,192 characters.
 */
export function parseIndexList(text: string, count: number, field: string): number[] {
  const refuse = (reason: string) =>
    new ZiplinkError("malformed", `${field}: ${reason}`, { details: { field } });
  if (text.length > MAX_LENGTH) {
    throw refuse(
      `has more than ${MAX_LENGTH} characters. Write consecutive numbers as ranges, such as 3-7.`,
    );
  }
  const ranges = text.split(",").map((item) => {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(item) ?? [];
    if (first === undefined) throw refuse("must be numbers and ranges, such as 0,3-7.");
    const [start, end] = [Number(first), Number(last) + 1];
    if (end <= start) throw refuse("a range must begin with its lower end, as in 3-7.");
    if (end > count) throw refuse(`the files of this archive are numbered from 0 to ${count - 1}.`);
    return { start, end };
  });
  ranges.sort((a, b) => a.start - b.start);
  const indices: number[] = [];
  let next = 0;
  for (const { start, end } of ranges) {
    for (next = Math.max(next, start); next < end; next++) indices.push(next);
  }
  return indices;
}

/** Formats ascending numbers as the shortest list that `parseIndexList` accepts: "0,3-7". */
export function formatIndexList(indices: ArrayLike<number>): string {
  const items: string[] = [];
  for (let i = 0; i < indices.length; ) {
    const first = indices[i] ?? 0;
    let length = 1;
    while (indices[i + length] === first + length) length++;
    items.push(length === 1 ? `${first}` : `${first}-${first + length - 1}`);
    i += length;
  }
  return items.join(",");
}
