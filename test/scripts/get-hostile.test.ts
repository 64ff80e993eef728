import { link, lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import type { RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../core/bytes/crc32.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { type FetchOptions, fetchRange, probe } from "../../scripts/get/fetch-range.ts";
import { PartialFile } from "../../scripts/get/partial-file.ts";
import { verifyZip } from "../../scripts/get/verify-zip.ts";
import { printable } from "../../scripts/printable.ts";
import { collect, patterned } from "../support/bytes.ts";
import { startStub } from "../support/http-stub.ts";
import { planOf } from "../support/plans.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const options: FetchOptions = {
  retries: 2,
  stallMs: 30_000,
  backoffMs: 1,
  signal: new AbortController().signal,
};

/** Headers of bytes `start` to `last` of an archive. */
function partOf(length: number, start: number, last: number, filename = "x.zip") {
  return {
    ETag: '"e"',
    "Content-Range": `bytes ${start}-${last}/${length}`,
    "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`,
  };
}

/** Sends `a` for as long as somebody reads it. */
function sendForEver(response: ServerResponse): void {
  const send = () => {
    while (response.write(Buffer.alloc(65_536, "a")));
  };
  response.on("drain", send);
  send();
}

/** Starts a server, and returns when each of its responses is over, one way or another. */
async function startServer(answer: RequestListener) {
  const ends: Promise<void>[] = [];
  const { origin, requests } = await startStub((request, response) => {
    ends.push(new Promise((resolve) => response.once("close", resolve)));
    answer(request, response);
  });
  return { url: `${origin}/zip/x`, requests, ended: () => Promise.all(ends) };
}

describe("a server that never stops sending", () => {
  test("the first byte is cut off", async () => {
    const { url, ended } = await startServer((_, response) =>
      sendForEver(response.writeHead(206, partOf(1000, 0, 0))),
    );
    expect((await probe(url, options)).length).toBe(1000);
    await ended();
  });

  test("a part is cut off", async () => {
    const { url, requests, ended } = await startServer((_, response) =>
      sendForEver(response.writeHead(206, partOf(1000, 0, 999))),
    );
    const fetched: number[] = [];
    const archive = { etag: '"e"', length: 1000 };
    const onBytes = async (bytes: Uint8Array) => void fetched.push(bytes.length);
    await expect(fetchRange(url, archive, 0, 1000, onBytes, options)).rejects.toThrow(
      "Gave up after 3 consecutive attempts: the server sent too many bytes.",
    );
    await ended();
    expect(requests).toHaveLength(3);
    expect(fetched).toEqual([]);
  });

  test.each([403, 500])("an error with status %i is cut off", async (status) => {
    const { url, ended } = await startServer((_, response) =>
      sendForEver(response.writeHead(status)),
    );
    await expect(probe(url, options)).rejects.toThrow(`he server answered ${status}: `);
    await ended();
  });
});

test("a server that sends single bytes is given up", async () => {
  const { url, requests } = await startServer((request, response) => {
    const start = Number(/\d+/.exec(request.headers.range ?? "")?.[0]);
    response.writeHead(206, partOf(5000, start, start)).end("a");
  });
  const archive = { etag: '"e"', length: 5000 };
  await expect(fetchRange(url, archive, 0, 5000, async () => undefined, options)).rejects.toThrow(
    "The server sends this file in too many small parts.",
  );
  expect(requests).toHaveLength(256);
});

test.each([
  ["../../x", "__.._x.zip"],
  ["../x", "__x.zip"],
  ["/etc/cron.d/x", "_etc_cron.d_x.zip"],
  ["..", "_.zip"],
  [".bashrc", "_bashrc.zip"],
  ["-rf", "_rf.zip"],
  ["--output=x.zip", "_output=x.zip"],
  ["CON.zip", "_CON.zip"],
  ["\u001b[2Jx.zip", "_[2Jx.zip"],
  ["invoice\u202efdp.exe", "invoice_fdp.exe.zip"],
])("a download called %j is saved under a safe name", async (filename, safe) => {
  const { url } = await startServer((_, response) =>
    response.writeHead(206, partOf(1, 0, 0, filename)).end("a"),
  );
  expect((await probe(url, options)).filename).toBe(safe);
});

test.each([
  ["letters", "x".repeat(5000), "x".repeat(196)],
  ["accents", "é".repeat(300), "é".repeat(98)],
  ["characters outside the basic plane", "𝒳".repeat(300), "𝒳".repeat(49)],
])("a name of very many %s is shortened to 200 bytes", async (_, filename, stem) => {
  const { url } = await startServer((_, response) =>
    response.writeHead(206, partOf(1, 0, 0, filename)).end("a"),
  );
  expect((await probe(url, options)).filename).toBe(`${stem}.zip`);
});

test("text from a server is one short line that cannot steer the terminal", async () => {
  expect(printable("a\u001b]0;x\u0007b\r\nc\u009b2J\u202ed\u2028é")).toBe("a?]0;x?b??c?2J?d?é");
  expect(printable("x".repeat(1000))).toHaveLength(301);
  const { url } = await startServer((_, response) =>
    response.writeHead(403).end(JSON.stringify({ detail: "\u001b[2JSaved x.zip\nDone" })),
  );
  await expect(probe(url, options)).rejects.toThrow(
    /^The server answered 403: \?\[2JSaved x\.zip\?Done$/,
  );
});

describe("an archive that lies about itself", () => {
  /** Verifies `bytes`, and asserts that each read is small and within them. */
  const verify = (bytes: Uint8Array) =>
    verifyZip(bytes.length, async (start, end) => {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(bytes.length);
      expect(end - start).toBeLessThanOrEqual(1024 * 1024);
      return bytes.subarray(start, end);
    });

  const damaged = { name: "DamagedZipError" };

  test.each([
    ["size", 12],
    ["offset", 16],
  ])("in its end record: %s", async (_, at) => {
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50);
    end.writeUInt16LE(0xffff, 10);
    end.writeUInt32LE(0xfffffff0, at);
    await expect(verify(end)).rejects.toMatchObject(damaged);
  });

  /** The fields of an entry, as its headers state them. */
  interface Stated {
    readonly method?: number;
    readonly data?: Uint8Array;
    readonly crc?: number;
    readonly compressedSize?: number;
    readonly size?: number;
    readonly offset?: number;
  }

  /** Returns an archive of entries called "a". */
  function archiveOf(entries: readonly Stated[]): Buffer {
    const locals: Buffer[] = [];
    const centrals: Buffer[] = [];
    let position = 0;
    for (const stated of entries) {
      const { method = 0, data = new Uint8Array(), size = data.length } = stated;
      const { compressedSize = data.length, offset = position, crc = crc32(data) } = stated;
      const local = Buffer.alloc(31, "a");
      local.writeUInt32LE(0x04034b50);
      local.writeUInt16LE(1, 26);
      local.writeUInt16LE(0, 28);
      locals.push(local, Buffer.from(data));
      position += local.length + data.length;
      const central = Buffer.alloc(47);
      central.writeUInt32LE(0x02014b50);
      central.writeUInt16LE(method, 10);
      central.writeUInt32LE(crc, 16);
      central.writeUInt32LE(compressedSize, 20);
      central.writeUInt32LE(size, 24);
      central.writeUInt16LE(1, 28);
      central.writeUInt32LE(offset, 42);
      central.write("a", 46);
      centrals.push(central);
    }
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50);
    end.writeUInt16LE(entries.length, 10);
    end.writeUInt32LE(47 * entries.length, 12);
    end.writeUInt32LE(position, 16);
    return Buffer.concat([...locals, ...centrals, end]);
  }

  const zeros = new Uint8Array(10_000_000);

  test.each<[string, Stated[]]>([
    ["data that is longer than the archive", [{ compressedSize: 0xfffffff0, size: 0xfffffff0 }]],
    ["an entry that begins outside", [{ offset: 0xfffffff0 }]],
    ["entries that share their data", [{ data: patterned(9) }, { data: patterned(9), offset: 0 }]],
    [
      "data that inflates to more than it says",
      [{ method: 8, data: deflateRawSync(zeros), crc: crc32(zeros), size: 10 }],
    ],
    ["data that is not deflated", [{ method: 8, data: patterned(9), size: 9 }]],
  ])("with %s", async (_, entries) => {
    await expect(verify(archiveOf(entries))).rejects.toMatchObject(damaged);
  });

  test("is told from an honest one", async () => {
    const deflated = {
      method: 8,
      data: deflateRawSync(zeros),
      crc: crc32(zeros),
      size: 10_000_000,
    };
    expect(await verify(archiveOf([{ data: patterned(9) }, deflated, {}]))).toBe(3);
    // Headers of more than one read.
    const many = Array.from({ length: 30_000 }, () => ({}));
    expect(await verify(archiveOf(many))).toBe(30_000);
  });

  test("in any bytes of its records", async () => {
    const { source, plan } = await planOf(
      { a: "one", b: patterned(500) },
      { max32: 250, max16: 1 },
    );
    const bytes = await collect(streamZip(plan, source));
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of changes) changed[at] = value;
        await verify(changed).catch((error: unknown) => expect(error).toMatchObject(damaged));
      }),
    );
  });
});

test("a file that cannot be read is not called damaged", async () => {
  const { source, plan } = await planOf({ a: patterned(5000) });
  const bytes = await collect(streamZip(plan, source));
  let reads = 0;
  const broken = new Error("EIO: i/o error, read");
  const verified = verifyZip(bytes.length, async (start, end) => {
    if (++reads > 3) throw broken;
    return bytes.subarray(start, end);
  });
  await expect(verified).rejects.toBe(broken);
});

describe("a folder in which others can write", () => {
  const archive = { etag: '"e"', length: 3 };
  const checkpoint = JSON.stringify({ ...archive, done: [[0, 3]] });

  async function prepare() {
    const folder = await temporaryFolder();
    const target = join(folder, "precious");
    await writeFile(target, "precious");
    return { folder, target, path: join(folder, "x.zip") };
  }

  async function download(path: string): Promise<void> {
    const file = await PartialFile.open(path, archive);
    await file.write(Buffer.from("abc"), 0);
    await file.checkpoint();
    await file.finish();
  }

  test.each<[string, (target: string, path: string) => Promise<unknown>]>([
    ["a symbolic link", (target, path) => symlink(target, `${path}.part`)],
    ["another name of a file", (target, path) => link(target, `${path}.part`)],
    [
      "a symbolic link with a checkpoint",
      async (target, path) => {
        await symlink(target, `${path}.part`);
        await writeFile(`${path}.part.json`, checkpoint);
      },
    ],
    [
      "another name of a file, with a checkpoint",
      async (target, path) => {
        await link(target, `${path}.part`);
        await writeFile(`${path}.part.json`, checkpoint);
      },
    ],
    ["a link in place of the checkpoint", (target, path) => symlink(target, `${path}.part.json`)],
    ["a link where one is written", (target, path) => symlink(target, `${path}.part.json.tmp`)],
  ])("nothing is written through %s", async (_, plant) => {
    const { folder, target, path } = await prepare();
    await plant(target, path);
    await download(path);
    expect(await readFile(target, "utf8")).toBe("precious");
    expect(await readFile(path, "utf8")).toBe("abc");
    expect((await lstat(path)).isFile()).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(["precious", "x.zip"]);
  });

  test("a checkpoint is believed only if it fits the archive", async () => {
    for (const done of [[[0, 4]], [[2, 1]]]) {
      const { path } = await prepare();
      await writeFile(`${path}.part`, "xyz");
      await writeFile(`${path}.part.json`, JSON.stringify({ ...archive, done }));
      const file = await PartialFile.open(path, archive);
      expect(file.done).toEqual([]);
      await file.close();
    }
  });

  test("a file that takes the name during the download is not replaced", async () => {
    const { target, path } = await prepare();
    const file = await PartialFile.open(path, archive);
    await file.write(Buffer.from("abc"), 0);
    await symlink(target, path);
    await expect(file.finish()).rejects.toThrow(
      "x.zip already exists. Choose another file with -o.",
    );
    expect(await readFile(target, "utf8")).toBe("precious");
    expect(await readFile(`${path}.part`, "utf8")).toBe("abc");
  });

  test.each([
    ["y".repeat(250), /cannot be written: ENAMETOOLONG.*Choose another file with -o\.$/],
    ["none/x.zip", /cannot be written: ENOENT/],
    ["folder", /already exists/],
  ])("the name %s is refused with a reason", async (name, reason) => {
    const { folder } = await prepare();
    await mkdir(join(folder, "folder"));
    const opened = PartialFile.open(join(folder, name), archive);
    await expect(opened).rejects.toMatchObject({
      name: "CommandError",
      message: expect.stringMatching(reason),
    });
  });
});

test("an archive larger than the disk is refused before anything is written", async () => {
  const folder = await temporaryFolder();
  const opened = PartialFile.open(join(folder, "x.zip"), { etag: '"e"', length: 2 ** 53 - 1 });
  await expect(opened).rejects.toThrow(
    /^The download needs 9\.0 PB, but only \S+ \w+ are free there\. Choose a place/,
  );
  expect(await readdir(folder)).toEqual([]);
});
