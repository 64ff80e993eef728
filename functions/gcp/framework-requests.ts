import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server } from "node:http";

/** URLs that the framework must not see, by request. */
const urls = new WeakMap<IncomingMessage, string>();

/**
 * Keeps functions-framework from two things that would put keys and tokens into the log, and for which it has
 * no settings:
 *
 * - It parses bodies. It would read up to a gigabyte from any client into memory, and prints invalid JSON in
 *   full. Its parsers read the content type from `headers`, where it is deleted; the app's requests are made
 *   from `rawHeaders`, which is unchanged.
 * - It decodes paths. One that cannot be decoded, such as a link with a `%` behind it, it prints in full and
 *   answers with a stack trace. It gets `/` in its place; see `restoreUrl`.
 *
 * Node publishes each request on this channel before the framework sees it
 * (https://nodejs.org/api/diagnostics_channel.html#http).
 *
 * @param onServer is told the server of each request
 */
export function tameFramework(onServer: (server: Server) => void): void {
  subscribe("http.server.request.start", (message) => {
    const { request, server } = message as {
      readonly request: IncomingMessage;
      readonly server: Server;
    };
    onServer(server);
    delete request.headers["content-type"];
    if (isDecodable(request.url ?? "/")) return;
    urls.set(request, request.url ?? "/");
    request.url = "/";
  });
}

/** Gives a request back the URL that the framework did not see. */
export function restoreUrl(request: IncomingMessage): void {
  const url = urls.get(request);
  if (url !== undefined) request.url = url;
}

function isDecodable(url: string): boolean {
  const [path = ""] = url.split("?", 1);
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    // The only error of this function is that it cannot decode.
    return false;
  }
}
