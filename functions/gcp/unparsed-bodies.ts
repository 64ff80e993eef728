import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/**
 * Keeps functions-framework from parsing the request bodies of this process. It would read up to a
 * gigabyte from any client into memory, and prints invalid JSON in full to the log, where keys must not
 * appear; it has no setting to turn that off.
 *
 * Its parsers read the content type from `headers`, where it is deleted; the app's requests are made
 * from `rawHeaders`, which is unchanged. Node publishes a request on this channel before the framework
 * sees it (https://nodejs.org/api/diagnostics_channel.html#http).
 */
export function leaveBodiesUnparsed(): void {
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    delete request.headers["content-type"];
  });
}
