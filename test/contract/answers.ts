import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { BlobSource } from "../../core/blob-source.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { ResilientSource } from "../../core/source/resilience/resilient-source.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";
import { codeOf } from "../support/error-codes.ts";
import { keysOf, read } from "../support/source-contents.ts";
import type { StoreStub, StubObject, StubRequest } from "../support/store-stubs.ts";

/** An answer with a successful status that this kind of store's client cannot read. */
export type UnreadableAnswer = readonly [name: string, answer: (response: ServerResponse) => void];

/** Differences between stores. */
export interface AnswersOptions {
  /** Answers to `stat`. */
  readonly unreadable: readonly UnreadableAnswer[];
  /** Whether the store can list. Default true. */
  readonly canList?: boolean;
  /** Objects whose bytes the store refuses though it describes them, with the reason for the log. */
  readonly refused?: readonly RefusedObject[];
  /** Objects that look like those, but can be read. */
  readonly readable?: readonly (readonly [name: string, object: Omit<StubObject, "bytes">])[];
  /** Requests by which an object is described if the first one does not: 2 if a GET follows HEAD. */
  readonly describingRequests?: number;
  /** Whether a listing states content codings. */
  readonly listsCodings?: boolean;
}

/** An object whose bytes the store refuses. */
export interface RefusedObject {
  readonly name: string;
  readonly object: Omit<StubObject, "bytes">;
  readonly reason: string;
  /** Whether a listing says so. */
  readonly isListed: boolean;
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
  options: AnswersOptions,
): void {
  const { unreadable, canList = true, refused = [], readable = [], listsCodings } = options;
  const { describingRequests = 1 } = options;

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
          if (request.key === "good.txt" || (what === "list") !== (request.key === ""))
            return false;
          response.writeHead(status).end();
          return true;
        });
        for (let i = 0; i < 5; i++) {
          const code = await codeOf(asks(download(), bad)[what]?.() ?? Promise.resolve());
          expect(["corrupt", "denied"]).toContain(code);
          const requests = stub.requests.splice(0).length;
          expect(requests).toBeLessThanOrEqual(what === "stat" ? describingRequests : 1);
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
          expect(stub.requests.splice(0).length).toBeLessThanOrEqual(describingRequests);
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

    describe.each(refused)(
      "an object that is described but refused: $name",
      ({ object, reason, isListed }) => {
        const keys = ["a", "refused.txt", "z"];
        const entries = keys.map((key) => ({ key }));

        async function withRefused() {
          const stub = await start();
          for (const key of keys) stub.objects.set(key, { bytes });
          stub.objects.set("refused.txt", { bytes, ...object });
          return { stub, source: new ResilientSource(stub.source).forDownload() };
        }

        test("is denied before it is read", async () => {
          const { source } = await withRefused();
          await expect(source.stat("refused.txt")).rejects.toMatchObject({
            code: "denied",
            reason,
          });
          await expect(planArchive({ entries }, source)).rejects.toMatchObject({
            code: "denied",
            reason,
          });
          const named = planArchive({ entries }, source, { namesMissing: true });
          const details = { count: 1, missing: [{ index: 1, name: "refused.txt" }] };
          await expect(named).rejects.toMatchObject({ code: "not_found", reason, details });
          if (!isListed) return;
          const prefix = planArchive({ prefix: "" }, source);
          await expect(prefix).rejects.toMatchObject({ code: "denied", reason });
        });

        test("is reported, if the spec asks for that", async () => {
          const { source } = await withRefused();
          const specs = [
            { entries, onMissing: "report" as const },
            ...(isListed ? [{ prefix: "", onMissing: "report" as const }] : []),
          ];
          for (const spec of specs) {
            const { entries: found, missing } = await planArchive(spec, source);
            expect(found.map((entry) => entry.name)).toEqual(["a", "z", "_missing.txt"]);
            expect(missing).toEqual({ [reason]: 1 });
            const [report] = found.slice(-1);
            expect(report && "content" in report.blob && String(report.blob.content)).toBe(
              String(new TextEncoder().encode("refused.txt\n")),
            );
          }
        });
      },
    );

    test.each(readable)("an object that can be read, though it is %s", async (_, object) => {
      const stub = await start();
      stub.objects.set("a", { bytes, ...object });
      expect((await read(stub.source, await stub.source.stat("a"))).equals(bytes)).toBe(true);
      const { entries } = await planArchive({ prefix: "" }, stub.source);
      expect(entries).toHaveLength(1);
    });

    describe("content codings", () => {
      const stored = gzipSync(bytes);

      test.each<[string, string | undefined, string]>([
        ["page.html", "gzip", "page.html.gz"],
        ["page.html", "GZIP", "page.html.gz"],
        ["page.html", "x-gzip", "page.html.gz"],
        ["log.json.gz", "gzip", "log.json.gz"],
        ["LOG.GZ", "gzip", "LOG.GZ"],
        ["all.tgz", "gzip", "all.tgz"],
        ["page.html", "br", "page.html.br"],
        ["page.html", "zstd", "page.html.zst"],
        ["page.html", "gzip, br", "page.html.gz.br"],
        ["page.html", "identity", "page.html"],
        ["page.html", "utf-8", "page.html"],
        ["page.html", undefined, "page.html"],
      ])("%s that is stored as %s is the file %s", async (key, contentEncoding, expected) => {
        const stub = await start();
        stub.objects.set(key, {
          bytes: stored,
          ...(contentEncoding !== undefined && { contentEncoding }),
        });
        const plan = await planArchive({ entries: [{ key }] }, stub.source);
        const [entry] = plan.entries;
        expect(entry?.name).toBe(expected);
        if (!entry) return;
        expect(entry.blob.size).toBe(stored.length);
        expect((await read(stub.source, entry.blob)).equals(stored)).toBe(true);
        const part = await read(stub.source, entry.blob, 5, 20);
        expect(part.equals(stored.subarray(5, 20))).toBe(true);
        if (!listsCodings) return;
        const listed = await planArchive({ prefix: "" }, stub.source);
        expect(listed.entries.map(({ name }) => name)).toEqual([expected]);
      });

      test("a name that the requester gives tells the coding too", async () => {
        const stub = await start();
        stub.objects.set("a.gz", { bytes: stored, contentEncoding: "gzip" });
        const entries = [{ key: "a.gz", name: "report.csv" }];
        const plan = await planArchive({ entries }, stub.source);
        expect(plan.entries[0]?.name).toBe("report.csv.gz");
      });
    });
  });
}
