/**
 * Codes of Node's and undici's HTTP parser for header fields that it refuses. Others are those of a server
 * that does not speak HTTP, or of a connection that ended early.
 * https://github.com/nodejs/llhttp/blob/main/src/llhttp/constants.ts
 */
const HEADER_ERRORS: ReadonlySet<string> = new Set([
  "HPE_CR_EXPECTED",
  "HPE_LF_EXPECTED",
  "HPE_UNEXPECTED_SPACE",
  "HPE_INVALID_HEADER_TOKEN",
  "HPE_INVALID_CONTENT_LENGTH",
  "HPE_UNEXPECTED_CONTENT_LENGTH",
  "HPE_INVALID_TRANSFER_ENCODING",
  "HPE_HEADER_OVERFLOW",
  "UND_ERR_HEADERS_OVERFLOW",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
]);

/**
 * Whether the code of an error is for an answer whose header fields cannot be read, as where an object has
 * metadata that is invalid in HTTP. Another attempt would get the same answer.
 */
export function hasUnreadableHeaders(code: unknown): boolean {
  return typeof code === "string" && HEADER_ERRORS.has(code);
}
