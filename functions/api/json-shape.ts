import { ZiplinkError } from "../../core/errors.ts";
import { formatCount } from "../../core/input/quantities.ts";

/** Maximum nesting depth of the arrays and objects in a body. */
const MAX_DEPTH = 32;

const [QUOTE, BACKSLASH, COMMA] = Buffer.from('"\\,');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from("[]{}");

/**
 * Throws `too_large` for JSON with more than `maxValues` values, and `malformed` for JSON nested more
 * than 32 levels deep. Must run before parsing, because a value of two characters can take fifty bytes
 * of memory once parsed. Makes one pass over the bytes and allocates nothing. Does not check that they
 * are JSON; the parser does.
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

/** Returns the index of the closing quote of the string at `start`; at least the length if there is none. */
function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

function tooManyValues(limit: number): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `The request body has more than ${formatCount(limit)} values. Request a prefix, or several archives.`,
    { details: { limit } },
  );
}

function tooDeep(): ZiplinkError {
  return new ZiplinkError("malformed", `body: must be nested at most ${MAX_DEPTH} levels deep.`, {
    details: { field: "body" },
  });
}
