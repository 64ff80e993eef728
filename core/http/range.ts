import type { ByteRange } from "../blob-source.ts";

/**
 * Returns the part of `length` bytes that a `Range` header asks for (RFC 9110, 14.2). Returns `undefined` to
 * send everything, if the header is absent, malformed, has another unit, or has several ranges, which a
 * server may ignore; "unsatisfiable" if no byte of the range exists.
 */
export function parseRange(
  header: string | null,
  length: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "");
  if (!match) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "") {
    if (last === "") return undefined;
    const suffix = Math.min(Number(last), length);
    return suffix === 0 ? "unsatisfiable" : { start: length - suffix, end: length };
  }
  const start = Number(first);
  const end = last === "" ? length : Math.min(Number(last) + 1, length);
  if (last !== "" && Number(last) < start) return undefined;
  return start >= length ? "unsatisfiable" : { start, end };
}
