import { ZiplinkError } from "../../core/errors.ts";
import { formatBytes } from "../../core/input/quantities.ts";

/**
 * The JSON that a request's body is. Rejects with `unsupported_media_type` for another form,
 * `too_large` above `maxBytes`, of which no more is read, and `malformed` for what is no JSON.
 *
 * Only `application/json` is taken: pages of other origins cannot send it without being asked first
 * (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
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
  return parse(await readBytes(request, maxBytes));
}

async function readBytes({ body }: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  if (body === null) return Buffer.concat(chunks);
  let length = 0;
  // A loop over the body would close it when it ends early, and with it the way back to the client.
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
    // A syntax error quotes what it stumbled over.
    throw new ZiplinkError("malformed", "body: is not JSON in UTF-8.", {
      details: { field: "body" },
    });
  }
}

function tooLarge(total: number, limit: number): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `The request's body has ${formatBytes(total)} or more; the limit is ${formatBytes(limit)}. ` +
      "Ask for a prefix, or for several archives.",
    { details: { limit, total } },
  );
}
