import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

/** A response with an unread body. */
export interface Opened {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** A response, with the part of its body that arrived. */
export interface Downloaded {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** Whether the body arrived completely; false if the connection broke. */
  readonly complete: boolean;
}

interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length or, if it is an array, in chunks. */
  readonly body?: string | Buffer | readonly (string | Buffer)[];
}

/** Sends a request, on a new connection and with the path exactly as given. */
export async function open(url: string, options: RequestOptions = {}): Promise<Opened> {
  const { origin, hostname, port } = new URL(url);
  const outgoing = request({
    hostname,
    port,
    path: url.slice(origin.length),
    method: options.method ?? "GET",
    headers: options.headers ?? {},
    agent: false,
  });
  const { body: sent = "" } = options;
  if (typeof sent === "string" || Buffer.isBuffer(sent)) {
    outgoing.end(sent);
  } else {
    for (const chunk of sent) outgoing.write(chunk);
    outgoing.end();
  }
  const [body] = (await once(outgoing, "response")) as [IncomingMessage];
  // Errors, also those of a destroyed body, are noticed where the body is read.
  outgoing.on("error", () => undefined);
  return { status: body.statusCode ?? 0, headers: body.headers, body };
}

/** Reads the rest of a response. */
export async function readToEnd({ status, headers, body }: Opened): Promise<Downloaded> {
  const parts: Buffer[] = [];
  try {
    for await (const part of body) parts.push(part as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
  }
  return { status, headers, bytes: Buffer.concat(parts), complete: body.complete };
}

/** Sends a request and reads the whole response. */
export async function download(url: string, options: RequestOptions = {}): Promise<Downloaded> {
  return readToEnd(await open(url, options));
}
