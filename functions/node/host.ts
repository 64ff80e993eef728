import type { IncomingMessage } from "node:http";
import { Http2ServerRequest } from "node:http2";
import { isIPv6 } from "node:net";
import { ZiplinkError } from "../../core/errors.ts";

/**
 * Checks the host that a request names. Clients of HTTP/1.0 need not name one: theirs is the address at which
 * they have reached this server. Throws `malformed` for a request with more than one `Host` (RFC 9112, 3.2): a
 * proxy in front may have gone by another of them.
 */
export function settleHost(incoming: IncomingMessage | Http2ServerRequest): void {
  if (incoming instanceof Http2ServerRequest) return;
  const names = incoming.rawHeaders.filter((_, i) => i % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === "host").length > 1) {
    throw new ZiplinkError("malformed", "Host: must be sent once.", { details: { field: "Host" } });
  }
  if (incoming.headers.host !== undefined) return;
  const { localAddress = "localhost", localPort } = incoming.socket;
  const address = isIPv6(localAddress) ? `[${localAddress}]` : localAddress;
  incoming.headers.host = localPort === undefined ? address : `${address}:${localPort}`;
}
