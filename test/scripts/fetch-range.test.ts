import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { type FetchOptions, fetchRange, probe } from "../../scripts/get/fetch-range.ts";
import { patterned } from "../support/bytes.ts";
import { startStub } from "../support/http-stub.ts";

const bytes = patterned(1000);
const archive = { etag: '"one"', length: bytes.length };

type Answer = (response: ServerResponse, start: number, end: number) => void;

const options: FetchOptions = {
  retries: 3,
  stallMs: 30_000,
  backoffMs: 1,
  signal: new AbortController().signal,
};

/** Answers as a server should, with `changes` applied. */
function answerRight(
  response: ServerResponse,
  start: number,
  end: number,
  changes: Readonly<Record<string, string>> = {},
): void {
  const headers = { ETag: '"one"', "Content-Range": `bytes ${start}-${end - 1}/1000`, ...changes };
  response.writeHead(206, headers).end(bytes.subarray(start, end));
}

/** Starts a server that uses `answers` one after another, and then answers correctly. */
async function startServer(answers: readonly Answer[]) {
  const left = [...answers];
  const stub = await startStub((request: IncomingMessage, response: ServerResponse) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const answer = left.shift() ?? answerRight;
    answer(response, Number(first), Number(last) + 1);
  });
  return { url: `${stub.origin}/zip/x`, ranges: () => stub.requests.map((r) => r.headers.range) };
}

async function fetched(url: string): Promise<Buffer> {
  const received = Buffer.alloc(bytes.length);
  let count = 0;
  const onBytes = async (chunk: Uint8Array, position: number) => {
    received.set(chunk, position);
    count += chunk.length;
  };
  await fetchRange(url, archive, 100, 900, onBytes, options);
  expect(count).toBe(800);
  return received.subarray(100, 900);
}

const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, body = ""): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);

describe("a range of an archive", () => {
  test.each<[string, Answer]>([
    ["answered 409", status(409)],
    ["answered 503", status(503, { "Retry-After": "0" })],
    ["answered 500 by what is no problem document", status(500, {}, "{oops")],
    ["answered by the whole", (response) => response.writeHead(200).end(bytes)],
    [
      "of another version",
      (response, ...range) => answerRight(response, ...range, { ETag: '"x"' }),
    ],
    [
      "of another size",
      (response, start, end) =>
        answerRight(response, start, end, { "Content-Range": `bytes ${start}-${end - 1}/1001` }),
    ],
    ["from elsewhere", (response, start, end) => answerRight(response, start + 1, end)],
    ["to elsewhere", (response, start, end) => answerRight(response, start, end + 1)],
    [
      "that is not stated",
      (response, start, end) => answerRight(response, start, end, { "Content-Range": "bytes */9" }),
    ],
    [
      "with no bytes at all",
      (response, start, end) => response.writeHead(206, headersOf(start, end)).end(),
    ],
    [
      "with too many bytes",
      (response, start, end) => response.writeHead(206, headersOf(start, end)).end(bytes),
    ],
  ])("%s is asked for again", async (_, answer) => {
    const { url, ranges } = await startServer([answer]);
    expect((await fetched(url)).equals(bytes.subarray(100, 900))).toBe(true);
    expect(ranges()).toEqual(["bytes=100-899", "bytes=100-899"]);
  });

  test("that is shorter than requested is continued where it ends", async () => {
    const short: Answer = (response, start) => answerRight(response, start, start + 300);
    const { url, ranges } = await startServer([short, short]);
    expect((await fetched(url)).equals(bytes.subarray(100, 900))).toBe(true);
    expect(ranges()).toEqual(["bytes=100-899", "bytes=400-899", "bytes=700-899"]);
  });

  test("that never has bytes is given up", async () => {
    const empty: Answer = (response, start, end) =>
      response.writeHead(206, headersOf(start, end)).end();
    const { url, ranges } = await startServer(Array.from({ length: 10 }, () => empty));
    await expect(fetched(url)).rejects.toThrow(
      "Gave up after 4 consecutive attempts: the connection was closed early.",
    );
    expect(ranges()).toHaveLength(4);
  });

  test.each([412, 416])("answered with %i is of an archive that has changed", async (code) => {
    const { url, ranges } = await startServer([status(code)]);
    await expect(fetched(url)).rejects.toThrow("The contents have changed");
    expect(ranges()).toHaveLength(1);
  });

  test.each<[number, string, string]>([
    [404, '{"detail":"Nothing here."}', "The server answered 404: Nothing here."],
    [403, "{oops", "The server answered 403: Forbidden"],
    [410, "<html>", "The server answered 410: Gone"],
  ])("answered %i %j is not asked for again", async (code, body, message) => {
    const { url, ranges } = await startServer([status(code, {}, body)]);
    await expect(fetched(url)).rejects.toThrow(message);
    expect(ranges()).toHaveLength(1);
  });

  test.each([
    { "Retry-After": "7200" },
    { "Retry-After": "Thu, 29 Feb 2024 14:34:57 GMT", Date: "Thu, 29 Feb 2024 12:34:57 GMT" },
  ])("of a server that asks to come back much later is given up: %j", async (headers) => {
    const { url, ranges } = await startServer([status(503, headers)]);
    await expect(fetched(url)).rejects.toThrow(
      "Gave up: the server answered 503: Service Unavailable. The server asks to wait 2 h 0 min: run the command again then.",
    );
    expect(ranges()).toHaveLength(1);
  });
});

test("an archive is described by its first byte", async () => {
  const named: Answer = (response) =>
    answerRight(response, 0, 1, { "Content-Disposition": 'attachment; filename="a/b.zip"' });
  const { url, ranges } = await startServer([status(503, { "Retry-After": "0" }), named]);
  expect(await probe(url, options)).toEqual({ ...archive, filename: "a_b.zip" });
  expect(ranges()).toEqual(["bytes=0-0", "bytes=0-0"]);
});

function headersOf(start: number, end: number) {
  return { ETag: '"one"', "Content-Range": `bytes ${start}-${end - 1}/1000` };
}
