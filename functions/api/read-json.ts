import { ZiplinkError } from "../../core/errors.ts";
import { formatBytes } from "../../core/input/quantities.ts";
import { assertJsonShape } from "./json-shape.ts";

/**
 * Reads a request's body as JSON. Rejects with `unsupported_media_type` for another media type or a
 * content encoding, with `too_large` above `maxBytes`, reading no further, or above `maxValues` JSON
 * values, and with `malformed` if the body is nested too deeply or is not JSON.
 *
 * Only `application/json` is accepted: pages of other origins cannot send it without a CORS preflight
 * (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
 */
export async function readJson(
  request: Request,
  maxBytes: number,
  maxValues = 200_000,
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
  const bytes = await readBytes(request, maxBytes);
  assertJsonShape(bytes, maxValues);
  return parse(bytes);
}

async function readBytes({ body }: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  if (body === null) return Buffer.concat(chunks);
  let length = 0;
  // Leaving a `for await` loop early would cancel the body, and close the connection before the answer.
  const reader = body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.length;
    if (length > maxBytes) throw tooLarge(length, maxBytes);
    chunks.push(read.value);
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

function tooLarge(total: number, limit: number): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `The request body has ${formatBytes(total)} or more; the limit is ${formatBytes(limit)}. ` +
      "Request a prefix, or several archives.",
    { details: { limit, total } },
  );
}
