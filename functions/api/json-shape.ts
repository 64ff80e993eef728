import { ZiplinkError } from "../../core/errors.ts";
import { formatCount } from "../../core/input/quantities.ts";

/** Levels of arrays and objects within one another that a body may have. */
const MAX_DEPTH = 32;

const [QUOTE, BACKSLASH, COMMA] = Buffer.from('"\\,');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from("[]{}");

/**
 * Throws `too_large` for JSON of more than `maxValues` values, and `malformed` for JSON that is nested
 * more than 32 levels deep, before anything is parsed: a value of two characters can take fifty bytes
 * of memory once it is. Takes one pass over the bytes and no memory. Whether they are JSON at all is
 * for the parser to say.
 */
export function assertJsonShape(bytes: Uint8Array, maxValues: number): void {
  let values = 1;
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        i = endOfString(bytes, i);
        break;
      case COMMA:
        values++;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        values++;
        depth++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
    }
    if (values > maxValues) throw tooManyValues(maxValues);
    if (depth > MAX_DEPTH) throw tooDeep();
  }
}

/** Where the string that begins at `start` has its closing quote; the end if it has none. */
function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

function tooManyValues(limit: number): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `The request's body has more than ${formatCount(limit)} values. Ask for a prefix, or for several archives.`,
    { details: { limit } },
  );
}

function tooDeep(): ZiplinkError {
  return new ZiplinkError("malformed", `body: is nested more than ${MAX_DEPTH} levels deep.`, {
    details: { field: "body" },
  });
}
