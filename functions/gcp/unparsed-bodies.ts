import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/**
 * Keeps functions-framework from parsing the bodies of requests to this process. It would take up to a
 * gigabyte of anybody's into memory, and of JSON that is none it prints the whole to the log, where
 * keys have no place; no setting of it turns that off.
 *
 * Its parsers go by `headers`, which has no type then; the app's requests are made of `rawHeaders`,
 * which is left as it is. Node tells of a request here before the framework sees it
 * (https://nodejs.org/api/diagnostics_channel.html#http).
 */
export function leaveBodiesUnparsed(): void {
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    delete request.headers["content-type"];
  });
}
