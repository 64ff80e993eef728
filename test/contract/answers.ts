import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import type { BlobSource } from "../../core/blob-source.ts";
import { ResilientSource } from "../../core/source/resilience/resilient-source.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";
import { codeOf } from "../support/error-codes.ts";
import { keysOf, read } from "../support/source-contents.ts";
import type { StoreStub, StubRequest } from "../support/store-stubs.ts";

/** An answer with a successful status that this kind of store's client cannot read. */
export type UnreadableAnswer = readonly [name: string, answer: (response: ServerResponse) => void];

/** What differs between stores. */
export interface AnswersOptions {
  /** Answers to `stat`. */
  readonly unreadable: readonly UnreadableAnswer[];
  /** Whether the store can list. Default true. */
  readonly canList?: boolean;
}

const bytes = Buffer.from("0123456789".repeat(1000));

/** Answers by hand, in a form that Node's own server would not send. */
const raw = (head: string) => (response: ServerResponse) =>
  void response.socket?.end(`HTTP/1.1 200 OK\r\n${head}\r\nContent-Length: 0\r\n\r\n`);

/** Answers whose header fields no client can read. */
const unreadableHeaders: readonly UnreadableAnswer[] = [
  ["an invalid field name", raw("X-Amz-Meta-A B: c")],
  ["an invalid field value", raw("X-Amz-Meta-A: b\0c")],
  ["two lengths", raw("Content-Length: 10")],
];

/**
 * Describes how a source over HTTP takes its store's answers, good and bad. `start` gives a store for the
 * running test; a new adapter adds one more call of this.
 */
export function describeAnswers(
  name: string,
  start: () => Promise<StoreStub>,
  { unreadable, canList = true }: AnswersOptions,
): void {
  async function setUp(fault: StoreStub["fault"] = () => false) {
    const stub = await start();
    stub.objects.set("good.txt", { bytes });
    stub.objects.set("bad.txt", { bytes });
    const events: StoreEvent[] = [];
    const store = new ResilientSource(stub.source, {
      backoffMs: 1,
      maxRetryAfterMs: 1,
      breakAfter: 3,
      observe: (event) => events.push(event),
    });
    const good = await stub.source.stat("good.txt");
    const bad = await stub.source.stat("bad.txt");
    stub.requests.length = 0;
    stub.fault = fault;
    return { stub, events, good, bad, download: () => store.forDownload() };
  }

  /** Reads, stats and lists what concerns `bad.txt`. */
  const asks = (source: BlobSource, bad: Awaited<ReturnType<typeof setUp>>["bad"]) =>
    ({
      stat: () => source.stat("bad.txt"),
      read: () => read(source, bad),
      ...(canList && { list: () => keysOf(source) }),
    }) satisfies Partial<Record<StubRequest["what"], () => Promise<unknown>>>;

  describe(`answers of a store: ${name}`, () => {
    const operations = (["stat", "read", "list"] as const).filter(
      (what) => canList || what !== "list",
    );
    const lasting = [501, 505, 508, 511].flatMap((status) =>
      operations.map((what) => [status, what] as const),
    );

    test.each(lasting)(
      "status %i to %s is given up at once, and stays with who asked",
      async (status, what) => {
        const { stub, events, good, bad, download } = await setUp((request, response) => {
          if (request.what !== what || request.key === "good.txt") return false;
          response.writeHead(status).end();
          return true;
        });
        for (let i = 0; i < 5; i++) {
          const code = await codeOf(asks(download(), bad)[what]?.() ?? Promise.resolve());
          expect(["corrupt", "denied"]).toContain(code);
          expect(stub.requests.splice(0)).toHaveLength(1);
        }
        expect((await read(download(), good)).equals(bytes)).toBe(true);
        expect(events).toEqual([]);
      },
    );

    test.each([...unreadable, ...unreadableHeaders])(
      "a description with %s is corrupt at once, and stays with who asked",
      async (_, answer) => {
        const { stub, events, good, download } = await setUp((request, response) => {
          if (request.key !== "bad.txt") return false;
          answer(response);
          return true;
        });
        for (let i = 0; i < 5; i++) {
          expect(await codeOf(download().stat("bad.txt"))).toBe("corrupt");
          expect(stub.requests.splice(0)).toHaveLength(1);
        }
        expect((await read(download(), good)).equals(bytes)).toBe(true);
        expect(events).toEqual([]);
      },
    );

    test.each(
      operations.flatMap((what) => [60, 120, 86_400].map((after) => [what, after] as const)),
    )(
      "%s is tried again after a Retry-After of %i s, but not later than bearable",
      async (what, after) => {
        let refusals = 0;
        const { events, bad, download } = await setUp((request, response) => {
          if (request.what !== what || refusals === 2) return false;
          refusals++;
          response.writeHead(refusals === 1 ? 503 : 429, { "retry-after": String(after) }).end();
          return true;
        });
        expect(await codeOf(asks(download(), bad)[what]?.() ?? Promise.resolve())).toBe("resolved");
        const retried = { event: "store_retried", code: "throttled" };
        expect(events.filter(({ event }) => event === "store_retried")).toHaveLength(2);
        expect(events).toContainEqual(retried);
      },
    );
  });
}
