import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createFsSource } from "../../adapters/fs/source.ts";
import { crc32 } from "../../core/bytes/crc32.ts";
import { signLink } from "../../core/links/link.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { addInterval, countBytes, missingPieces } from "../../scripts/get/intervals.ts";
import { formatDuration, Progress } from "../../scripts/get/progress.ts";
import { verifyZip } from "../../scripts/get/verify-zip.ts";
import { collect, patterned, sha256 } from "../support/bytes.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { planOf } from "../support/plans.ts";
import { linkSecret as secret } from "../support/secrets.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../support/temporary-folder.ts";

const command = [join(import.meta.dirname, "../../scripts/ziplink.ts"), "get"];
const MiB = 1024 * 1024;

let folder: string;
let service: ServiceProcess;
let proxy: CuttingProxy;
let whole: Buffer;

beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder, "large.bin"), patterned(20 * MiB));
  await writeFile(join(folder, "small.txt"), "small");
  await writeFile(join(folder, "empty.txt"), "");
  service = await startService("functions/node.ts", {
    SOURCE: folder,
    LINK_SECRET: secret,
    MAX_RESPONSE_BYTES: String(MiB),
  });
  proxy = await startCuttingProxy(service.url);
  const source = createFsSource({ root: folder });
  whole = await collect(streamZip(await planArchive({ prefix: "" }, source), source));
});

afterAll(async () => {
  await proxy.close();
  await service.stop();
  await removeFolder(folder);
});

async function linkTo(zip = {}, expires = new Date(Date.now() + 3_600_000)): Promise<string> {
  const request = { prefix: "", name: "Files", ...zip };
  return `${proxy.url}/zip/${await signLink(request, { secret, expires })}`;
}

/** Runs `npm run get` in a folder. */
const startGet = (cwd: string, ...args: string[]) =>
  run(cwd, process.execPath, [...command, ...args]);

function run(cwd: string, program: string, args: string[]) {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const stderr = text(child.stderr);
  const exited = once(child, "exit") as Promise<[number | null]>;
  return {
    interrupt: () => child.kill("SIGINT"),
    async result() {
      const [[code], output] = await Promise.all([exited, stderr]);
      return { code, output };
    },
  };
}

const get = (cwd: string, ...args: string[]) => startGet(cwd, ...args).result();

async function expectWhole(path: string): Promise<void> {
  expect(sha256(await readFile(path))).toBe(sha256(whole));
}

describe("npm run get", () => {
  test("fetches an archive despite a limit of 1 MiB per response, and names it", async () => {
    const cwd = await temporaryFolder();
    const { code, output } = await get(cwd, await linkTo());
    expect(output).toContain("Complete: 21.0 MB, 3 files verified.\nSaved Files.zip");
    expect(output).toMatch(/100% {2}21\.0 MB of 21\.0 MB/);
    expect(output).not.toContain("\r");
    expect(code).toBe(0);
    await expectWhole(join(cwd, "Files.zip"));
    expect(await readdir(cwd)).toEqual(["Files.zip"]);
  });

  test("resumes after broken connections", async () => {
    const cwd = await temporaryFolder();
    const before = proxy.cutCount();
    proxy.cuts.push(500_000, 10_000, 2_000_000, 300, 700_000);
    const { code, output } = await get(cwd, await linkTo(), "-o", "mine.zip", "-c", "3");
    expect(code, output).toBe(0);
    expect(proxy.cutCount() - before).toBe(5);
    expect(proxy.cuts).toEqual([]);
    await expectWhole(join(cwd, "mine.zip"));
  });

  test("resumes an interrupted download when run again", async () => {
    const cwd = await temporaryFolder();
    const url = await linkTo();
    // One connection stays stalled for ever, so that only a part arrives before the interruption.
    const stall = createServer();
    onTestFinished(() => void stall.close());
    stall.listen(0, "127.0.0.1");
    await once(stall, "listening");
    const target = proxy.target;
    proxy.cuts.push(5 * MiB);
    const stalled = new Promise<void>((resolve) => {
      proxy.onCut = () => {
        proxy.target = `http://127.0.0.1:${(stall.address() as AddressInfo).port}`;
        resolve();
      };
    });
    const first = startGet(cwd, url, "-c", "1");
    await stalled;
    await once(stall, "request");
    first.interrupt();
    const interrupted = await first.result();
    proxy.target = target;
    proxy.onCut = () => undefined;
    expect(interrupted.output).toContain("Interrupted. Run the same command again to resume.");
    expect(interrupted.code).toBe(1);
    expect((await readdir(cwd)).sort()).toEqual(["Files.zip.part", "Files.zip.part.json"]);
    const checkpoint = await readFile(join(cwd, "Files.zip.part.json"), "utf8");
    expect(checkpoint).not.toContain("eyJ");

    const { code, output } = await get(cwd, url);
    expect(output).toMatch(/^Resuming after [45]\.\d MB\./);
    expect(code).toBe(0);
    await expectWhole(join(cwd, "Files.zip"));
  });

  test("starts over if the partial file is of another archive, or unreadable", async () => {
    for (const note of ['{"etag":"\\"x\\"","length":5,"done":[[0,5]]}', "{", "[]"]) {
      const cwd = await temporaryFolder();
      await writeFile(join(cwd, "Files.zip.part"), "xxxxx");
      await writeFile(join(cwd, "Files.zip.part.json"), note);
      const { code, output } = await get(cwd, await linkTo());
      expect(output).not.toContain("Resuming");
      expect(code).toBe(0);
      await expectWhole(join(cwd, "Files.zip"));
    }
  });

  test("does not report a file damaged on the disk as complete", async () => {
    const cwd = await temporaryFolder();
    const etag = (await fetch(await linkTo(), { method: "HEAD" })).headers.get("ETag");
    const damaged = Buffer.from(whole);
    damaged[5_000_000] = (damaged[5_000_000] ?? 0) ^ 1;
    await writeFile(join(cwd, "Files.zip.part"), damaged);
    const done = [[0, whole.length - 10]];
    await writeFile(
      join(cwd, "Files.zip.part.json"),
      JSON.stringify({ etag, length: whole.length, done }),
    );
    const { code, output } = await get(cwd, await linkTo());
    expect(output).toContain('"large.bin" in the archive is damaged.');
    expect(code).toBe(1);
    expect(await readdir(cwd)).toEqual([]);
  });

  test("never overwrites a file", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, "Files.zip"), "precious");
    const { code, output } = await get(cwd, await linkTo());
    expect(output).toContain("Files.zip already exists. Choose another file with -o.");
    expect(code).toBe(1);
    expect(await readFile(join(cwd, "Files.zip"), "utf8")).toBe("precious");
  });

  test("says why it cannot download", async () => {
    const cwd = await temporaryFolder();
    const other = createServer((_, response) => void response.end("hello"));
    onTestFinished(() => void other.close());
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const cases: [string[], string][] = [
      [
        [await linkTo({}, new Date(0))],
        "The server answered 410: This link has expired. Ask for a new one.",
      ],
      [
        [`${proxy.url}/zip/x`],
        "The server answered 401: This link was cut off or mangled on its way.",
      ],
      [[await linkTo({ prefix: "none/" })], "The server answered 404: There are no objects"],
      [[await linkTo({ etag: '"other"' })], "The server answered 412: The contents have changed"],
      [["http://127.0.0.1:1/zip/x", "--retries", "0"], "Gave up after 1 consecutive attempts: "],
      [[`http://127.0.0.1:${port}/`], "cannot send parts of this file."],
      [[], "Expected one URL, that of a link."],
      [["nonsense"], "Expected one URL, that of a link."],
      [["file:///etc/passwd"], "Expected one URL, that of a link."],
      [[await linkTo(), "-c", "0"], "--connections must be a whole number from 1 to 64."],
    ];
    for (const [args, message] of cases) {
      const { code, output } = await get(cwd, ...args);
      expect(output).toContain(message);
      expect(output).not.toMatch(/^\s+at /m);
      expect(code).toBe(1);
    }
    expect(await readdir(cwd)).toEqual([]);
  });

  test("retries a 409: the service makes an outdated plan anew", async () => {
    const front = await startFaultProxy(service.url);
    onTestFinished(() => front.close());
    const { pathname } = new URL(await linkTo());
    let asked = 0;
    front.fault = () => (asked++ === 1 ? { kind: "status", status: 409 } : undefined);
    const cwd = await temporaryFolder();
    const { code, output } = await get(cwd, front.url + pathname, "-c", "1");
    expect(code, output).toBe(0);
    await expectWhole(join(cwd, "Files.zip"));
  });

  test("reports a full disk, and does not retry", async () => {
    const cwd = await temporaryFolder();
    // The checkpoint cannot be written either, which is reported as well.
    await mkdir(join(cwd, "Files.zip.part.json.tmp"));
    const limited = ["-c", `ulimit -f 4096; exec "$@"`, "sh", process.execPath, ...command];
    const { code, output } = await run(cwd, "sh", [...limited, await linkTo()]).result();
    expect(output).toMatch(
      /The progress could not be saved: EISDIR.*\nThe file cannot be written: EFBIG/,
    );
    expect(output).not.toMatch(/^\s+at |Gave up/m);
    expect(code).toBe(1);
  });

  test("stops when the contents change during the download", async () => {
    const root = await temporaryFolder();
    await writeFile(join(root, "a.bin"), patterned(4 * MiB));
    const own = await startService("functions/node.ts", {
      SOURCE: root,
      LINK_SECRET: secret,
      MAX_RESPONSE_BYTES: String(MiB),
      PLAN_CACHE_SECONDS: "0",
    });
    const target = proxy.target;
    proxy.target = own.url;
    proxy.cuts.push(2 * MiB);
    const replaced = new Promise<void>((resolve, reject) => {
      proxy.onCut = () => {
        proxy.onCut = () => undefined;
        truncate(join(root, "a.bin"), 3 * MiB).then(resolve, reject);
      };
    });
    try {
      const { code, output } = await get(await temporaryFolder(), await linkTo(), "-c", "1");
      await replaced;
      expect(output).toContain("The contents have changed since the download began.");
      expect(code).toBe(1);
    } finally {
      proxy.target = target;
      await own.stop();
    }
  });
});

describe("intervals", () => {
  test("the present and the missing pieces make up the whole", () => {
    const interval = fc.tuple(fc.nat(100), fc.nat(100));
    fc.assert(
      fc.property(fc.array(interval), fc.integer({ min: 1, max: 30 }), (pairs, piece) => {
        let done: readonly (readonly [number, number])[] = [];
        const bytes = new Set<number>();
        for (const [x, y] of pairs) {
          const [start, end] = [Math.min(x, y), Math.max(x, y) + 1];
          done = addInterval(done, [start, end]);
          for (let i = start; i < end; i++) bytes.add(i);
        }
        expect(countBytes(done)).toBe(bytes.size);
        const missing = [...missingPieces(done, 101, piece)];
        expect(countBytes(missing)).toBe(101 - bytes.size);
        for (const [start, end] of missing) {
          expect(end - start).toBeLessThanOrEqual(piece);
          for (let i = start; i < end; i++) expect(bytes.has(i)).toBe(false);
        }
      }),
    );
  });
});

describe("progress", () => {
  function shown(isTTY: boolean): string[] {
    const written: string[] = [];
    let now = 0;
    const progress = new Progress({ isTTY, write: (s) => written.push(s) }, 100_000_000, () => now);
    for (let second = 0; second <= 10; second++) {
      now = second * 1000;
      progress.update(second * 5_000_000);
    }
    progress.finish(50_000_000);
    return written;
  }

  test("overwrites one line on a terminal", () => {
    const written = shown(true);
    expect(written[10]).toBe("\r50%  50.0 MB of 100.0 MB  5.0 MB/s  10 s left\u001b[K");
    expect(written.at(-1)).toBe("\n");
  });

  test("prints a plain line every few seconds elsewhere", () => {
    expect(shown(false)).toEqual([
      "0%  0 bytes of 100.0 MB\n",
      "25%  25.0 MB of 100.0 MB  5.0 MB/s  15 s left\n",
      "50%  50.0 MB of 100.0 MB  5.0 MB/s  10 s left\n",
      "50%  50.0 MB of 100.0 MB  5.0 MB/s  10 s left\n",
    ]);
    expect([5, 65, 7265].map(formatDuration)).toEqual(["5 s", "1 min 5 s", "2 h 1 min"]);
  });
});

describe("verification", () => {
  const object = patterned(500);
  const made = () =>
    planOf(
      {
        framed: patterned(300, 1),
        known: { bytes: object, crc32: crc32(object) },
        small: "small",
        "empty/": "",
      },
      { smallEntryBytes: 50, blockBytes: 64, max32: 250, max16: 2 },
    );
  const verify = (bytes: Uint8Array) =>
    verifyZip(bytes.length, async (start, end) => bytes.subarray(start, end));

  test("accepts intact archives, with ZIP64 too", async () => {
    const { source, plan } = await made();
    expect(await verify(await collect(streamZip(plan, source)))).toBe(4);
    expect(await verify(await collect(streamZip({ ...plan, entries: [] }, source)))).toBe(0);
  });

  test("finds any damage to the data, and any truncation", async () => {
    const { source, plan } = await made();
    const bytes = await collect(streamZip(plan, source));
    for (const at of [bytes.indexOf(object) + 3, bytes.indexOf("small") + 5 + 9]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      await expect(verify(damaged), `byte ${at}`).rejects.toMatchObject({
        name: "DamagedZipError",
      });
    }
    for (let length = 0; length < bytes.length; length += 7) {
      await expect(verify(bytes.subarray(0, length))).rejects.toMatchObject({
        name: "DamagedZipError",
      });
    }
  });
});
