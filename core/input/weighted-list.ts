/** An item of a list that a client weighs, such as a language it accepts. */
export interface Weighted {
  /** The item in lower case. */
  readonly value: string;
  /** From 0, not acceptable, to 1, the default. */
  readonly weight: number;
}

/** Longest part of a header that is read, in characters, and the most items: no browser sends more. */
const MAX_LENGTH = 1000;
const MAX_ITEMS = 32;

/**
 * Parses a header such as `Accept-Language` or `Accept-Encoding` (RFC 9110, 12.4.2 and 12.5), in the client's
 * order. Items that are malformed, and all beyond the 32nd or the 1,000th character, are ignored.
 */
export function parseWeightedList(header: string | null): Weighted[] {
  const items = (header ?? "").slice(0, MAX_LENGTH).split(",", MAX_ITEMS);
  return items.flatMap((item) => {
    const [, value, weight = "1"] =
      /^\s*([\w*-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(item) ?? [];
    if (value === undefined) return [];
    return [{ value: value.toLowerCase(), weight: Math.min(1, Number(weight)) }];
  });
}
