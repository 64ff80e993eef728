import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createNodeServer } from "../../../functions/node/node-server.ts";

/** Sends a request as it is to a server that answers with the URL, and returns the answer. */
async function answerTo(request: string): Promise<string> {
  const app = async ({ url }: Request) => new Response(url);
  const { server, shutDown } = createNodeServer(app, { http2: false });
  onTestFinished(shutDown);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  let text = "";
  for await (const bytes of socket) text += bytes;
  return text.replaceAll(String(port), "PORT");
}

test("HTTP/1.0 without a Host is answered, at the address it has reached", async () => {
  const answer = await answerTo("GET /a HTTP/1.0\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*http:\/\/127\.0\.0\.1:PORT\/a$/s);
});

test.each(["b", "a"])("a second Host is refused: %s", async (second) => {
  const request = `GET / HTTP/1.1\r\nHost: a\r\nhOST: ${second}\r\nConnection: close\r\n\r\n`;
  const answer = await answerTo(request);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toContain("application/problem+json");
  expect(answer).toContain('"code":"malformed"');
});
