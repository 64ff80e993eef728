import { isPassingStatus } from "../../core/async/retry.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import { CommandError } from "../command.ts";
import { printable } from "../printable.ts";

/** The download cannot continue, and no retry would help. The message says why. */
export class DownloadError extends CommandError {
  override readonly name = "DownloadError";
}

/** The server's answer is an error that may pass. */
export class PassingError extends Error {
  /** How long the server asks to wait, in milliseconds, if it does. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Length up to which the body of an error is read. Those of Ziplink have less than 1 KB. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Makes a request and returns the response if its status is 2xx; the caller must read or cancel its body.
 * Rejects with `PassingError` for a status that may pass, and with `DownloadError` for any other.
 */
export async function request(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(url, {
    headers: { ...headers, "Accept-Encoding": "identity" },
    signal,
  });
  if (response.ok) return response;
  const { status } = response;
  const body = await readUpTo(response, MAX_ERROR_BYTES);
  if ((status === 412 || status === 416) && "If-Match" in headers) {
    throw new DownloadError(
      "The contents have changed since the download began. Run the command again to download them anew.",
    );
  }
  const detail = printable(problemDetail(body.toString()) ?? response.statusText);
  if (isPassingStatus(status)) {
    const { headers: fields } = response;
    const retryAfterMs = parseRetryAfter(fields.get("Retry-After"), fields.get("Date"));
    throw new PassingError(`the server answered ${status}: ${detail}`, retryAfterMs);
  }
  throw new DownloadError(`The server answered ${status}: ${detail}`);
}

/**
 * Returns the body's first bytes, at most `maxBytes`. A longer body is cancelled, which closes the
 * connection; that of a shorter one is used again.
 */
export async function readUpTo(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** Returns the detail of an RFC 9457 problem, or `undefined` if the text is not one. */
function problemDetail(text: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail : undefined;
  } catch {
    return undefined; // not JSON, as of a proxy: the status alone has to do
  }
}
