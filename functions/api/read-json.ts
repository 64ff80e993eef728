import { abortable } from "../../core/async/abortable.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { formatBytes } from "../../core/input/quantities.ts";
import type { HeldBytes } from "./body-budget.ts";
import { assertJsonShape } from "./json-shape.ts";

/** Bounds of one body beside its length. */
export interface BodyOptions {
  /** Counts the bytes that arrive, and may refuse them. Default: they are not counted. */
  readonly held?: Pick<HeldBytes, "add">;
  /** Time within which the whole body must arrive, in milliseconds. Default: 30 seconds. */
  readonly timeoutMs?: number;
}

/**
 * Reads a request's body as JSON. Rejects with `unsupported_media_type` for another media type or a
 * content encoding, with `too_large` above `maxBytes`, reading no further, or above `maxValues` JSON
 * values, with `request_timeout` if it does not arrive in time, and with `malformed` if the body is nested too deeply or is not JSON.
 *
 * Only `application/json` is accepted: pages of other origins cannot send it without a CORS preflight
 * (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
 */
export async function readJson(
  request: Request,
  maxBytes: number,
  maxValues = 200_000,
  options: BodyOptions = {},
): Promise<unknown> {
  const { headers } = request;
  const type = headers.get("Content-Type") ?? "";
  const encoding = headers.get("Content-Encoding") ?? "identity";
  if (!/^application\/json *(;|$)/i.test(type) || !/^identity$/i.test(encoding)) {
    throw new ZiplinkError(
      "unsupported_media_type",
      "Send the body as JSON, with Content-Type: application/json and no Content-Encoding.",
    );
  }
  const stated = Number(headers.get("Content-Length") ?? 0);
  if (stated > maxBytes) throw tooLarge(stated, maxBytes);
  const bytes = await readBytes(request, maxBytes, options);
  assertJsonShape(bytes, maxValues);
  return parse(bytes);
}

async function readBytes(
  { body }: Request,
  maxBytes: number,
  { held, timeoutMs = 30_000 }: BodyOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  if (body === null) return Buffer.concat(chunks);
  let length = 0;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate()), timeoutMs);
  // Leaving a `for await` loop early would cancel the body, and close the connection before the answer.
  const reader = body.getReader();
  const next = () => abortable(reader.read(), late.signal);
  try {
    for (let read = await next(); !read.done; read = await next()) {
      length += read.value.length;
      if (length > maxBytes) throw tooLarge(length, maxBytes);
      held?.add(read.value.length);
      chunks.push(read.value);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The SyntaxError quotes the input, so it is not kept as the cause.
    throw new ZiplinkError("malformed", "body: must be JSON in UTF-8.", {
      details: { field: "body" },
    });
  }
}

function tooLate(): ZiplinkError {
  return new ZiplinkError(
    "request_timeout",
    "The request body did not arrive in time. Send it again.",
  );
}

function tooLarge(total: number, limit: number): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `The request body has ${formatBytes(total)} or more; the limit is ${formatBytes(limit)}. ` +
      "Request a prefix, or several archives.",
    { details: { limit, total } },
  );
}
