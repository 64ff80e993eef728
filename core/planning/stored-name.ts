import { parseContentCodings } from "../input/content-codings.ts";

/** The extension of a file whose bytes have a coding (RFC 9110, 8.4.1; RFC 7932; RFC 8878). */
const extensions: ReadonlyMap<string, string> = new Map([
  ["gzip", ".gz"],
  ["x-gzip", ".gz"],
  ["br", ".br"],
  ["zstd", ".zst"],
  ["compress", ".Z"],
  ["x-compress", ".Z"],
  ["deflate", ".zz"], // zlib's format
]);

/** Other extensions of files that are gzip. */
const GZIPPED = /\.(?:gzip|tgz|taz|svgz|emz|wmz)$/i;

/**
 * Returns the path under which an archive has an object whose bytes have these content codings: the bytes are
 * those that are stored, so `page.html` that is stored as gzip becomes `page.html.gz`, unless its name says so
 * already. Unknown codings change nothing; some stores are told the file's character set.
 */
export function storedName(path: string, contentEncoding: string | undefined): string {
  if (contentEncoding === undefined) return path;
  const added = parseContentCodings(contentEncoding).map((coding) => extensions.get(coding) ?? "");
  const outermost = added.at(-1) ?? "";
  const isNamed = outermost !== "" && path.toLowerCase().endsWith(outermost.toLowerCase());
  const isOtherName = outermost === ".gz" && GZIPPED.test(path);
  return isNamed || isOtherName ? path : path + added.join("");
}
