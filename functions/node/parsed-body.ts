import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { ZiplinkError } from "../../core/errors.ts";

/** A request of Node's HTTP servers, and the fields that frameworks add to it. */
export type NodeRequest = (IncomingMessage | Http2ServerRequest) & {
  /** The parsed body, as body parsers such as `express.json()` leave it. */
  readonly body?: unknown;
  /** The body's bytes, as functions-framework leaves them; `@hono/node-server` uses them itself. */
  readonly rawBody?: unknown;
};

/** Header fields that describe how a body was transferred, and not what it is. */
const TRANSFER_FIELDS = ["content-encoding", "content-length", "transfer-encoding"];

/**
 * Returns `request` with the body that a framework parsed before, if it has read the body of `incoming`;
 * otherwise returns `request` itself, whose body is still to be read.
 *
 * Bytes and text are used as they are, and anything else as JSON if the request's type is JSON. If none of
 * this is possible, reading the body rejects with `internal` and says what to change.
 */
export function withParsedBody(request: Request, incoming: NodeRequest): Request {
  const isRead = incoming.readableDidRead || incoming.readableEnded;
  if (!isRead || !hasBody(incoming) || Buffer.isBuffer(incoming.rawBody)) return request;
  const headers = new Headers(request.headers);
  for (const name of TRANSFER_FIELDS) headers.delete(name);
  const bytes = toBytes(incoming.body, headers.get("content-type") ?? "");
  if (bytes) headers.set("content-length", String(bytes.length));
  const { url, method, signal } = request;
  const body = bytes ?? unreadable();
  return new Request(url, { method, headers, signal, body, duplex: "half" });
}

/** Whether the client has sent a body (RFC 9112, 6.3). */
function hasBody({ method, headers }: NodeRequest): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function toBytes(body: unknown, type: string): Buffer<ArrayBuffer> | undefined {
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (body === undefined || !/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(type)) {
    return undefined;
  }
  return Buffer.from(JSON.stringify(body));
}

function unreadable(): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      pull() {
        throw new ZiplinkError(
          "internal",
          "The request's body was read before it got here, and request.body has neither its JSON nor " +
            "its bytes. Mount Ziplink before the middleware that reads bodies.",
        );
      },
    },
    { highWaterMark: 0 },
  );
}
