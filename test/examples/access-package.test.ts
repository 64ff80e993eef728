import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attachmentKey } from "../../examples/access-package/access-package.ts";
import {
  type AccessPackagesService,
  PUBLIC_URL,
  startAccessPackages,
} from "../support/access-packages.ts";
import { download } from "../support/download.ts";
import { runLine, told } from "../support/examples.ts";
import { readArchive } from "../support/read-archive.ts";
import { readers } from "../support/readers.ts";
import { startService } from "../support/service-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../support/tools.ts";

/** Awkward names, and enough files that a link needs a manifest. */
const FILES = {
  "Ausweis.jpg": "one",
  "ausweis.JPG": "two",
  "Vertrag #1 100%?.pdf": "three",
  '<img src=x onerror="alert(1)">.txt': "four",
  "Grüße.txt": "five",
  ...Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`Brief ${1000 + i}.txt`, `${i}`])),
};

let service: AccessPackagesService;
beforeAll(async () => {
  service = await startAccessPackages();
  await service.addRequest("complete", { files: FILES });
});
afterAll(() => service.stop());
beforeEach(() => service.log.clear());

function expectNothingLeaked(...bodies: readonly Buffer[]): void {
  const text = service.log.text() + bodies.map(String).join("\n");
  for (const secret of service.secrets) expect(text).not.toContain(secret);
}

describe("the package", () => {
  test("contains the data, all attachments and a report that links to them", async () => {
    const { status, headers, bytes } = await service.stream("complete");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "application/zip",
      "content-length": String(bytes.length),
      "content-disposition": `attachment; filename=access-package-${service.idOf("complete")}.zip`,
      "accept-ranges": "bytes",
    });
    const { "data.json": data, "report.html": report = "", ...files } = readArchive(bytes);
    expect(JSON.parse(data ?? "")).toHaveProperty("CRM: Notiz");
    expect(Object.values(files).sort()).toEqual(Object.values(FILES).sort());
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "attachments/Ausweis.jpg",
        "attachments/ausweis (2).JPG",
        "attachments/Vertrag #1 100%_.pdf",
      ]),
    );
    const links = [...report.matchAll(/<li><a href="([^"]+)">/g)].map(([, href = ""]) =>
      decodeURIComponent(new URL(href, "file:///").pathname.slice(1)),
    );
    expect(links).toEqual(Object.keys(files));
  });

  test("contains a report that escapes all data as HTML", async () => {
    const { "report.html": report = "" } = readArchive((await service.stream("complete")).bytes);
    expect(report).toContain(
      "&lt;script&gt;alert(&quot;Geheimnis von complete&quot;)&lt;/script&gt;",
    );
    expect(report).toContain("Beschreibung &lt;b&gt;Grüße.txt&lt;/b&gt;");
    expect(report).toContain("Your data at Verein ours");
    expect(report).not.toMatch(/<script|<img|<b>/);
  });

  test("is identical each time, in another process too", async () => {
    const other = await service.start();
    try {
      const [one, two, three] = [
        await service.stream("complete"),
        await service.stream("complete"),
        await service.stream("complete", { at: other.url }),
      ];
      for (const { headers, bytes } of [two, three]) {
        expect(headers.etag).toBe(one.headers.etag);
        expect(bytes.equals(one.bytes)).toBe(true);
      }
    } finally {
      await other.stop();
    }
  });

  test("without attachments contains the data and the report", async () => {
    await service.addRequest("bare");
    const entries = readArchive((await service.stream("bare")).bytes);
    expect(Object.keys(entries)).toEqual(["data.json", "report.html"]);
  });

  test("leaves out deleted attachments, in the report too", async () => {
    await service.addRequest("thinned", { files: { "bleibt.txt": "a" } });
    const id = await service.attach("thinned", "weg.txt", "b");
    const before = await service.stream("thinned");
    expect(readArchive(before.bytes)).toHaveProperty("attachments/weg.txt", "b");
    service.db.prepare("UPDATE attachments SET deleted_at = 'x' WHERE id = ?").run(id);
    const after = await service.stream("thinned");
    const { "report.html": report, ...files } = readArchive(after.bytes);
    expect(Object.keys(files)).toEqual(["data.json", "attachments/bleibt.txt"]);
    expect(report).toContain("bleibt.txt");
    expect(report).not.toContain("weg.txt");
    expect(after.headers.etag).not.toBe(before.headers.etag);
  });

  test("answers HEAD, conditions and ranges like a file", async () => {
    const { headers, bytes } = await service.stream("complete");
    const etag = headers.etag ?? "";
    const head = await service.stream("complete", { method: "HEAD" });
    expect(head).toMatchObject({
      status: 200,
      headers: { etag, "content-length": `${bytes.length}` },
    });
    expect(head.bytes).toHaveLength(0);
    const asked = (more: Record<string, string>) => service.stream("complete", { headers: more });
    expect((await asked({ "If-None-Match": etag })).status).toBe(304);
    expect(told(await asked({ "If-Match": '"other"' }))[0]).toBe(412);
    const outside = await asked({ Range: `bytes=${bytes.length}-` });
    expect(told(outside)).toEqual([416, `The archive has ${bytes.length} bytes.`]);
    expect(outside.headers["content-range"]).toBe(`bytes */${bytes.length}`);
    const at = bytes.length - 20_000;
    const rest = await asked({ Range: `bytes=${at}-`, "If-Range": etag });
    expect(rest.status).toBe(206);
    expect(rest.bytes.equals(bytes.subarray(at))).toBe(true);
    expect((await asked({ Range: `bytes=${at}-`, "If-Range": '"other"' })).status).toBe(200);
  });

  for (const reader of readers.filter(({ name }) =>
    ["unzip", "7z", "python zipfile"].includes(name),
  )) {
    describeWithTools(reader.name, reader.needs, () => {
      test("reads it", async () => {
        const folder = await temporaryFolder();
        await writeFile(join(folder, "x.zip"), (await service.stream("complete")).bytes);
        await mkdir(join(folder, "out"));
        await reader.test(join(folder, "x.zip"));
        await reader.extract(join(folder, "x.zip"), join(folder, "out"));
        const files = await readdir(join(folder, "out/attachments"));
        expect(files).toHaveLength(Object.keys(FILES).length);
      });
    });
  }
});

describe("both routes", () => {
  const ways = ["stream", "announce"] as const;
  const statuses = ["pending", "in_processing", "denied", "canceled", "error"];

  test.each(ways)("%s: no package unless the request is complete", async (way) => {
    for (const status of statuses) {
      await service.addRequest(`${status} ${way}`, { status });
      const answer = await service[way](`${status} ${way}`);
      const detail = `The access package is available once the request is complete; its status is ${status}.`;
      expect(told(answer)).toEqual([409, detail]);
      expect(service.outbox(`${status} ${way}`)).toEqual([]);
    }
  });

  test.each(ways)(
    "%s: 404 for the request of another workspace, as for an unknown one",
    async (way) => {
      const theirs = `theirs ${way}`;
      await service.addRequest(theirs, { workspace: "theirs", files: { "fremd.txt": "x" } });
      await service.addRequest(`${theirs} pending`, { workspace: "theirs", status: "pending" });
      for (const name of [theirs, `${theirs} pending`, crypto.randomUUID(), "%27--"]) {
        const answer = await service[way](name);
        expect(told(answer)).toEqual([404, "Privacy request not found"]);
        expectNothingLeaked(answer.bytes);
      }
      const token = service.enroll(`their officer ${way}`, "privacy_officer", "theirs");
      expect((await service[way](theirs, { token })).status).toBe(way === "stream" ? 200 : 202);
      expect((await service[way]("complete", { token })).status).toBe(404);
    },
  );

  test.each(ways)("%s: 401 without a session, 403 for another role", async (way) => {
    const agent = service.enroll(`agent ${way}`, "agent");
    for (const name of ["complete", crypto.randomUUID()]) {
      const nobody = await service[way](name, { token: "x" });
      expect(told(nobody)).toEqual([401, "Log in first."]);
      expect(nobody.headers["www-authenticate"]).toBe("Bearer");
      const other = await service[way](name, { token: agent });
      expect(told(other)).toEqual([403, "Your role does not allow this."]);
    }
  });

  test.each(ways)("%s: 404 if an object is lost", async (way) => {
    const name = `lost ${way}`;
    await service.addRequest(name);
    service.db
      .prepare("INSERT INTO attachments VALUES (?, ?, 'verloren.txt', '', NULL)")
      .run(crypto.randomUUID(), service.idOf(name));
    const answer = await service[way](name);
    expect(told(answer)).toEqual([404, "One or more objects were not found."]);
    expect(service.outbox(name)).toEqual([]);
    expectNothingLeaked(answer.bytes);
  });
});

describe("the message's link", () => {
  /** Requests the message about a request, and returns the link in it. */
  async function linkTo(request: string): Promise<string> {
    expect((await service.announce(request)).status).toBe(202);
    return service.linkIn(service.outbox(request).at(-1)?.body);
  }

  test("goes to the person, in the outbox and nowhere else", async () => {
    const answer = await service.announce("complete", { headers: { Host: "evil.example" } });
    const { message_id } = JSON.parse(answer.bytes.toString());
    const message = service.outbox("complete").at(-1);
    expect(message).toMatchObject({
      id: message_id,
      recipient: "complete@betroffen.example",
      subject: "Your data at Verein ours",
    });
    const [url = "", ...others] = String(message?.body).match(/https?:\S+/g) ?? [];
    expect(others).toEqual([]);
    expect(url.startsWith(`${PUBLIC_URL}/zip/`)).toBe(true);
    expect(url.length).toBeLessThan(2_000);
    const claims = JSON.parse(Buffer.from(url.split(".")[3] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ jti: message_id, sub: service.idOf("complete") });
    expect(claims.exp - claims.iat).toBe(14 * 86_400);
    expectNothingLeaked(answer.bytes);
  });

  test("gives anyone who has it the same bytes as the route, with HEAD and ranges", async () => {
    const url = await linkTo("complete");
    const { headers, bytes } = await service.stream("complete");
    const whole = await download(url);
    expect(whole.status).toBe(200);
    expect(whole.headers.etag).toBe(headers.etag);
    expect(whole.bytes.equals(bytes)).toBe(true);
    const head = await download(url, { method: "HEAD" });
    expect(head.headers["content-length"]).toBe(`${bytes.length}`);
    const parts = ["bytes=0-9999", "bytes=10000-30000", "bytes=30001-"];
    const slices = await Promise.all(parts.map((Range) => download(url, { headers: { Range } })));
    expect(slices.map(({ status }) => status)).toEqual([206, 206, 206]);
    expect(Buffer.concat(slices.map((slice) => slice.bytes)).equals(bytes)).toBe(true);
  });

  test("is for one archive: once that has changed, the link answers 412", async () => {
    const files = { "a.txt": "a" };
    const changes: Record<string, (name: string, id: string) => unknown> = {
      "a file is replaced": (name, id) =>
        service.put(attachmentKey(service.idOf(name), id), "another one"),
      "a file is deleted": (_, id) =>
        service.db.prepare("UPDATE attachments SET deleted_at = 'x' WHERE id = ?").run(id),
      "a record changes": (name) =>
        service.db
          .prepare("UPDATE records SET value = 'x' WHERE request_id = ?")
          .run(service.idOf(name)),
    };
    for (const [name, change] of Object.entries(changes)) {
      await service.addRequest(name, { files });
      const id = await service.attach(name, "b.txt", "b");
      const url = await linkTo(name);
      await change(name, id);
      expect((await download(url)).status, name).toBe(412);
      expect((await download(await linkTo(name))).status, name).toBe(200);
    }
  });

  test("ends with its request: 410", async () => {
    await service.addRequest("withdrawn", { files: { "a.txt": "a" } });
    const url = await linkTo("withdrawn");
    service.db
      .prepare("UPDATE privacy_requests SET status = 'canceled' WHERE id = ?")
      .run(service.idOf("withdrawn"));
    const answer = await download(url);
    expect(answer.status).toBe(410);
    expect(JSON.parse(answer.bytes.toString()).detail).toBe("This package is no longer available.");
    expectNothingLeaked(answer.bytes);
  });

  test("has a page", async () => {
    const url = new URL(await linkTo("complete"));
    url.pathname = `/d/${url.pathname.split("/")[2]}`;
    const page = await download(url.href);
    expect(page.status).toBe(200);
    expect(page.bytes.toString()).toContain("report.html");
  });

  test("is refused if it was altered", async () => {
    const url = new URL(await linkTo("complete"));
    const [, zip, token = "", name] = url.pathname.split("/");
    url.pathname = `/${zip}/${token.slice(0, -3)}AAA/${name}`;
    expect((await download(url.href)).status).toBe(401);
  });

  describeWithTools("curl", ["curl"], () => {
    test("resumes it in the middle", async () => {
      const { bytes } = await service.stream("complete");
      const file = join(await temporaryFolder(), "package.zip");
      await writeFile(file, bytes.subarray(0, 15_000));
      const args = ["-sS", "-f", "-C", "-", "-o", file, await linkTo("complete")];
      await runTool({ program: "curl", args });
      expect((await readFile(file)).equals(bytes)).toBe(true);
    });
  });
});

describe("the log", () => {
  test("records who has downloaded what, and nothing personal", async () => {
    const { bytes } = await service.stream("complete");
    await service.announce("complete");
    const { id, body } = service.outbox("complete").at(-1) ?? {};
    await download(service.linkIn(body));
    const who = {
      user: service.idOf("officer"),
      workspace: service.idOf("ours"),
      request: service.idOf("complete"),
    };
    const contents = Object.values(readArchive(bytes)).map((text) => Buffer.byteLength(text));
    expect(service.log.events("access_package_requested")).toEqual([
      {
        ...who,
        entries: Object.keys(FILES).length + 2,
        bytes: contents.reduce((sum, length) => sum + length),
        status: 200,
      },
    ]);
    expect(service.log.events("access_package_announced")).toEqual([{ ...who, message: id }]);
    expect(service.log.events("download_ended")).toMatchObject([
      { subject: who.user, outcome: "completed", sent: bytes.length },
      { link: id, subject: who.request, outcome: "completed", sent: bytes.length },
    ]);
    expectNothingLeaked();
  });
});

describeWithTools("the server", ["curl", "unzip"], () => {
  test("prints a line for staff, and a message with a link; both give the same archive", async () => {
    const program = await startService("examples/access-package/server.ts", {});
    try {
      const [line] = await program.printed(/curl .*'$/m);
      const [link] = await program.printed(/http:\S+\/zip\/\S+/);
      const folder = await temporaryFolder();
      await runLine(line, folder);
      await runLine(`curl -sfo link.zip '${link}'`, folder);
      const [name = "", ...others] = (await readdir(folder)).filter((file) => file !== "link.zip");
      expect(others).toEqual([]);
      expect(name).toMatch(/^access-package-[\w-]{36}\.zip$/);
      await runTool({ program: "unzip", args: ["-tq", name], cwd: folder });
      const [one, two] = [
        await readFile(join(folder, name)),
        await readFile(join(folder, "link.zip")),
      ];
      expect(one.equals(two)).toBe(true);
    } finally {
      expect(await program.stop()).toBe(0);
    }
  });
});
