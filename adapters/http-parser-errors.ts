/**
 * Error codes with which the HTTP parser of Node and undici refuses a header field. Its other codes mean that
 * the server does not speak HTTP, or that the connection ended early.
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
 * Whether an error's code means that the answer's header fields cannot be read, for example because an object
 * has metadata that is invalid in HTTP. Another attempt would get the same answer.
 */
export function hasUnreadableHeaders(code: unknown): boolean {
  return typeof code === "string" && HEADER_ERRORS.has(code);
}
