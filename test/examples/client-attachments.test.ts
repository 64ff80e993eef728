import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BlobSource } from "../../core/index.ts";
import {
  type ClientAttachmentsService,
  startClientAttachments,
} from "../support/client-attachments.ts";
import { download, open } from "../support/download.ts";
import { runLine, told } from "../support/examples.ts";
import { readArchive } from "../support/read-archive.ts";
import { readers } from "../support/readers.ts";
import { startService } from "../support/service-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../support/tools.ts";

const NOT_FOUND = "One or more attachments not found or do not belong to this client";
const MB = 1_000_000;

let service: ClientAttachmentsService;
beforeAll(async () => {
  service = await startClientAttachments();
});
afterAll(() => service.stop());
beforeEach(() => service.log.clear());

describe("the archive", () => {
  test("contains the files in the requested order, under unique names", async () => {
    const { status, headers, bytes, complete } = await service.ask(["a3", "a1", "evil", "a2"]);
    expect([status, complete]).toEqual([200, true]);
    expect(headers).toMatchObject({
      "content-type": "application/zip",
      "content-disposition": "attachment; filename=client-files-20260304_050607.zip",
      "content-length": String(bytes.length),
      "cache-control": "private, no-store",
      "accept-ranges": "none",
    });
    expect(headers.etag).toMatch(/^"[\w-]+"$/);
    expect(headers["set-cookie"]).toBeUndefined();
    expect(Object.entries(readArchive(bytes))).toEqual([
      ["Befund Müller.pdf", "third"],
      ["Befund Müller (2).pdf", "first"],
      ["_/_/etc/_x___Set-Cookie_ a=b.txt", "fourth"],
      ["BEFUND MÜLLER (3).pdf", "second"],
    ]);
  });

  test("contains an id once that is requested twice, in upper or lower case", async () => {
    const upper = service.idOf("a1").toUpperCase();
    const { status, bytes } = await service.ask(["a1", "a2", "a1", upper]);
    expect(status).toBe(200);
    expect(Object.values(readArchive(bytes))).toEqual(["first", "second"]);
    expect(service.log.events("attachments_download")).toMatchObject([{ count: 2 }]);
  });

  test("is the same for the same files, and differs once a file does", async () => {
    await service.attach("changing", "client", "Wechselnd.txt", "1");
    const [one, two] = [await service.ask(["changing"]), await service.ask(["changing"])];
    expect(two.bytes.equals(one.bytes)).toBe(true);
    expect(two.headers.etag).toBe(one.headers.etag);
    await writeFile(service.pathOf("changing"), "22");
    expect((await service.ask(["changing"])).headers.etag).not.toBe(one.headers.etag);
  });

  test("is complete, whatever range a POST asks for", async () => {
    const headers = { Range: "bytes=0-3", "If-None-Match": "*" };
    const { status, bytes } = await service.send(
      { attachment_ids: [service.idOf("a1")] },
      { headers },
    );
    expect(status).toBe(200);
    expect(readArchive(bytes)).toEqual({ "Befund Müller.pdf": "first" });
  });

  const [unzip, , , , python] = readers;
  for (const reader of [unzip, python].filter((reader) => reader !== undefined)) {
    describeWithTools(reader.name, reader.needs, () => {
      test("reads it", async () => {
        const folder = await temporaryFolder();
        const { bytes } = await service.ask(["a1", "a2", "a3"]);
        await writeFile(join(folder, "x.zip"), bytes);
        await mkdir(join(folder, "out"));
        await reader.test(join(folder, "x.zip"));
        await reader.extract(join(folder, "x.zip"), join(folder, "out"));
        expect(await readdir(join(folder, "out"))).toHaveLength(3);
      });
    });
  }
});

describe("404, with the same text", () => {
  test.each<[string, string[], string?]>([
    ["an unknown id", [crypto.randomUUID()]],
    ["an unknown id among good ones", ["a1", crypto.randomUUID(), "a2"]],
    ["a deleted attachment", ["deleted"]],
    ["a deleted attachment among good ones", ["a1", "deleted"]],
    ["another client's attachment", ["of other"]],
    ["another client's attachment among good ones", ["a1", "of other"]],
    ["another workspace's attachment", ["of stranger"]],
    ["another workspace's attachment among good ones", ["a1", "of stranger"]],
    ["another workspace's client and its attachment", ["of stranger"], "stranger"],
    ["another workspace's client and our attachment", ["a1"], "stranger"],
    ["another client of ours and the first one's attachment", ["a1"], "other"],
    ["a deleted client and its attachment", ["of gone"], "gone"],
    ["an unknown client", ["a1"], crypto.randomUUID()],
    ["a malformed client", ["a1"], "%27%20OR%201=1--"],
    ["an attachment whose object is lost", ["lost"]],
    ["an attachment whose object may not be read", ["leading out"]],
    ["an attachment whose object is lost, among good ones", ["a1", "lost"]],
  ])("%s", async (_, wanted, client = "client") => {
    const answer = await service.ask(wanted, { client });
    expect(told(answer)).toEqual([404, NOT_FOUND]);
    expect(service.log.events("attachments_download")).toEqual([]);
    service.expectNothingLeaked(answer.bytes);
  });

  test("an advisor of another workspace sees its own files, and none of ours", async () => {
    const token = service.enroll("their advisor", "advisor", "theirs");
    const theirs = await service.ask(["of stranger"], { client: "stranger", token });
    expect(readArchive(theirs.bytes)).toEqual({ "Fremd.txt": "of another workspace" });
    for (const client of ["client", "stranger"]) {
      expect(told(await service.ask(["a1"], { client, token }))).toEqual([404, NOT_FOUND]);
    }
  });

  test("any other path is not found", async () => {
    const response = await download(`${service.url}/api/v1/clients`);
    expect(told(response)).toEqual([404, "Not found"]);
  });
});

describe("authorization", () => {
  const UNKNOWN: [number, string] = [401, "Log in first."];

  test.each<[string, Record<string, string>]>([
    ["no credentials", { Authorization: "" }],
    ["an unknown token", { Authorization: "Bearer nobody" }],
    ["another scheme", { Authorization: "Basic YTpi" }],
    ["an empty token", { Authorization: "Bearer " }],
  ])("401: %s", async (_, headers) => {
    const answer = await service.send({ attachment_ids: [service.idOf("a1")] }, { headers });
    expect(told(answer)).toEqual(UNKNOWN);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  test("401: an expired session, and a removed member", async () => {
    const expired = service.enroll("expired");
    service.db
      .prepare("UPDATE sessions SET expires_at = ? WHERE user_id = ?")
      .run(new Date(Date.now() - 1).toISOString(), service.idOf("expired"));
    const removed = service.enroll("removed");
    expect((await service.ask(["a1"], { token: removed })).status).toBe(200);
    service.db
      .prepare("UPDATE members SET deleted_at = 'x' WHERE user_id = ?")
      .run(service.idOf("removed"));
    for (const token of [expired, removed]) {
      expect(told(await service.ask(["a1"], { token }))).toEqual(UNKNOWN);
    }
  });

  test("403: another role, whether or not the file exists", async () => {
    const token = service.enroll("guest", "guest");
    for (const id of ["a1", crypto.randomUUID(), "malformed"]) {
      expect(told(await service.ask([id], { token }))).toEqual([
        403,
        "Your role does not allow this.",
      ]);
    }
  });

  test("the body of an unauthenticated request is not read", async () => {
    const answer = await service.send("{", { token: "nobody" });
    expect(told(answer)).toEqual(UNKNOWN);
  });
});

describe("limits of a request", () => {
  test.each<[string, number, unknown, RegExp, Record<string, string>?]>([
    ["no ids", 422, { attachment_ids: [] }, /^attachment_ids: Select at least one file$/],
    ["no list", 422, {}, /^attachment_ids: /],
    ["a malformed id", 422, { attachment_ids: ["1; DROP TABLE"] }, /^attachment_ids\.0: /],
    ["a number", 422, { attachment_ids: [7] }, /^attachment_ids\.0: /],
    ["an unknown field", 422, { attachment_ids: [crypto.randomUUID()], all: true }, /"all"/],
    ["a list alone", 422, [], /expected object/],
    ["nothing", 422, null, /expected object/],
    ["no JSON", 400, "{", /JSON/],
    ["a long body", 413, JSON.stringify("x".repeat(20_000)), /16\.0 KB/],
    ["a form", 415, "a=b", /JSON/, { "Content-Type": "application/x-www-form-urlencoded" }],
  ])("%s: %i", async (_, status, body, detail, headers = {}) => {
    const answer = await service.send(body, { headers });
    expect(told(answer)).toEqual([status, expect.stringMatching(detail)]);
  });

  test("at most 50 ids, checked before they are looked up", async () => {
    for (let i = 0; i < 50; i++)
      await service.attach(`many ${i}`, "client", `Seite ${i}.txt`, `${i}`);
    const fifty = Array.from({ length: 50 }, (_, i) => `many ${i}`);
    const { status, bytes } = await service.ask(fifty);
    expect(status).toBe(200);
    expect(Object.keys(readArchive(bytes))).toEqual(fifty.map((_, i) => `Seite ${i}.txt`));
    const tooMany = [422, "attachment_ids: Select at most 50 files"];
    expect(told(await service.ask([...fifty, "a1"]))).toEqual(tooMany);
    expect(told(await service.ask([...fifty, "many 0"]))).toEqual(tooMany);
    const unknown = Array.from({ length: 51 }, () => crypto.randomUUID());
    expect(told(await service.ask(unknown))).toEqual(tooMany);
  });

  test("at most 100 MB", async () => {
    await service.attach("60 MB", "client", "Film.mp4", 60 * MB);
    await service.attach("40 MB", "client", "Scan.tif", 40 * MB);
    await service.attach("1 byte", "client", "Rest.bin", 1);
    await service.attach("99.95 MB", "client", "Archiv.bin", 99_950_001);
    await service.attach("nothing", "client", "Leer.txt", 0);
    const exceeds = (total: string) => [
      413,
      `Total file size exceeds 100 MB limit. Selected files total ${total} MB. Please select fewer files.`,
    ];
    expect((await service.ask(["60 MB", "40 MB", "nothing"])).bytes.length).toBeGreaterThan(
      100 * MB,
    );
    expect(told(await service.ask(["60 MB", "40 MB", "1 byte"]))).toEqual(exceeds("100.1"));
    expect(told(await service.ask(["60 MB", "40 MB", "99.95 MB"]))).toEqual(exceeds("200"));
    expect(service.log.events("attachments_download")).toMatchObject([{ bytes: 100 * MB }]);
    service.expectNothingLeaked();
  });
});

describe("the log", () => {
  test("records who has downloaded what, and no name, key or token", async () => {
    const { bytes } = await service.ask(["a1", "evil", "a2"]);
    expect(service.log.events("attachments_download")).toEqual([
      {
        user: service.idOf("advisor"),
        workspace: service.idOf("ours"),
        client: service.idOf("client"),
        count: 3,
        ids: [service.idOf("a1"), service.idOf("evil"), service.idOf("a2")],
        bytes: "firstfourthsecond".length,
      },
    ]);
    const subject = service.idOf("advisor");
    expect(service.log.events("download_ended")).toMatchObject([
      { subject, entries: 3, outcome: "completed", sent: bytes.length },
    ]);
    expect(Object.values(readArchive(bytes))).toHaveLength(3);
    service.expectNothingLeaked();
  });

  test("records a client that disconnects", async () => {
    await service.attach("large", "client", "Groß.bin", 90 * MB);
    const { body } = await open(...service.requestFor(service.selectionOf(["large"])));
    body.destroy();
    expect(await service.log.nextEvent("download_ended")).toMatchObject({ outcome: "aborted" });
    service.expectNothingLeaked();
  });

  test.each<[string, Partial<BlobSource>]>([
    ["while it is planned", { stat: () => Promise.reject(new TypeError("geheim-a1 broke")) }],
    ["when it is opened", { open: () => Promise.reject(new TypeError("geheim-a1 broke")) }],
  ])("contains no message of a failure %s: 500", async (_, failing) => {
    const server = await service.listenOver({ ...service.source, ...failing });
    try {
      const answer = await service.ask(["a1"], { at: server.url });
      expect(told(answer)).toEqual([500, "Something went wrong on our side."]);
      expect(service.log.events("request_failed")).toMatchObject([
        { status: 500, failure: { code: "internal", causes: ["TypeError"] } },
      ]);
      expect(service.log.events("attachments_download")).toEqual([]);
      service.expectNothingLeaked(answer.bytes);
    } finally {
      await server.stop();
    }
  });
});

describeWithTools("the server", ["curl", "unzip"], () => {
  test("prints a line that downloads its attachments", async () => {
    const program = await startService("examples/client-attachments/server.ts", {});
    try {
      const [line] = await program.printed(/curl [^}]*\}'/);
      const folder = await temporaryFolder();
      await runLine(line, folder);
      const [name = ""] = await readdir(folder);
      expect(name).toMatch(/^client-files-\d{8}_\d{6}\.zip$/);
      await runTool({ program: "unzip", args: ["-tq", name], cwd: folder });
    } finally {
      expect(await program.stop()).toBe(0);
    }
  });
});
