import type { Duplex } from "node:stream";

/**
 * Answers a request that Node's HTTP parser refuses, so that it never reaches the app: in words, and
 * without anything of the request. https://nodejs.org/api/http.html#event-clienterror
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, title, detail] = describe(error.code);
  const body = JSON.stringify({ type: "about:blank", title, status, detail, code: "malformed" });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\n` +
      "Connection: close\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n" +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function describe(code: string | undefined): readonly [number, string, string] {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return [
        431,
        "Request Header Fields Too Large",
        "The URL and the header fields have more than 16 KiB together. A link that lists files by key can name " +
          "about 100 of them: use a prefix, or let the service keep the list (MANIFEST_STORE).",
      ];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "Request Timeout", "The request did not arrive in time. Send it again."];
    default:
      return [400, "Bad Request", "The request is not valid HTTP."];
  }
}
