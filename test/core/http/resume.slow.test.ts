import { execFile } from "node:child_process";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFsSource } from "../../../adapters/fs/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { signLink } from "../../../core/links/link.ts";
import type { ArchiveSpec } from "../../../core/planning/archive-spec.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { launchChromium } from "../../support/browser.ts";
import { collect, patterned, sha256 } from "../../support/bytes.ts";
import { type CuttingProxy, startCuttingProxy } from "../../support/cutting-proxy.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { type ServiceProcess, startService } from "../../support/service-process.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, type Tool } from "../../support/tools.ts";

const MiB = 1024 * 1024;

/** Three files above the limit for reading whole, and a small one. */
const files = {
  "one.bin": patterned(5 * MiB, 1),
  "three.bin": patterned(7 * MiB, 3),
  "two.bin": patterned(6 * MiB, 2),
  "z.txt": Buffer.from("small"),
};

/** The number of bytes of the response after which the first half ends. */
const CUT = 9 * MiB + 12_345;

interface Run {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end, whatever its exit code. */
function run(program: string, args: readonly string[], cwd: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error ? -1 : 0;
      resolve({ code, output: stdout + stderr });
    });
  });
}

/** A download program and the arguments with which it resumes. */
interface Client {
  readonly tool: Tool;
  readonly first: readonly string[];
  readonly again: readonly string[];
  /** How many of its connections are cut, each a bit later, before it gives up. */
  readonly cuts: readonly number[];
  /** Its exit code if the server answers 412. */
  readonly refused: number;
}

const clients: readonly Client[] = [
  {
    tool: "curl",
    first: ["-fsS", "-o", "out.zip"],
    again: ["-fsS", "-C", "-", "-o", "out.zip"],
    cuts: [CUT],
    refused: 22,
  },
  {
    tool: "wget",
    first: ["-nv", "--tries=1", "-O", "out.zip"],
    again: ["-nv", "--tries=1", "-c", "-O", "out.zip"],
    cuts: [CUT],
    refused: 8,
  },
  {
    tool: "aria2c",
    first: ["-q", "-x8", "-s8", "-k1M", "--max-tries=1", "--file-allocation=none", "-oout.zip"],
    again: ["-q", "-x8", "-s8", "-k1M", "-c", "--file-allocation=none", "-oout.zip"],
    cuts: Array.from({ length: 9 }, (_, i) => 1_000_000 + i * 70_000),
    refused: 22,
  },
];

let folder: string;
let service: ServiceProcess;
let proxy: CuttingProxy;

const start = (env: Record<string, string> = {}) =>
  startService("functions/node.ts", { SOURCE: folder, LINK_SECRET: secret, ...env });

beforeAll(async () => {
  folder = await makeFolder();
  await writeFiles(folder);
  service = await start();
  proxy = await startCuttingProxy(service.url);
});

afterAll(async () => {
  await proxy.close();
  await service.stop();
  await removeFolder(folder);
});

async function writeFiles(root: string): Promise<void> {
  const modified = new Date("2024-02-29T12:34:57Z");
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(root, name), bytes);
    await utimes(join(root, name), modified, modified);
  }
}

const requests: Record<string, ArchiveSpec> = {
  "checksums that the link states": {
    entries: Object.entries(files).map(([key, bytes]) => ({ key, crc32: crc32(bytes) })),
  },
  "no checksums": { prefix: "" },
};

async function expected(request: ArchiveSpec, root = folder) {
  const source = createFsSource({ root });
  const plan = await planArchive(request, source);
  return { hash: sha256(await collect(streamZip(plan, source))), etag: layoutZip(plan).etag };
}

async function linkTo(request: ArchiveSpec): Promise<string> {
  const expires = new Date(Date.now() + 3_600_000);
  return `${proxy.url}/zip/${await signLink(request, { secret, expires })}/out.zip`;
}

/** From the next cut on, connections go to a new instance; the old one is stopped. */
async function restartAtCut(): Promise<void> {
  const next = await start();
  const old = service;
  proxy.onCut = () => {
    proxy.target = next.url;
    proxy.onCut = () => undefined;
    void old.stop();
  };
  service = next;
}

const cases = Object.entries(requests).flatMap(([name, request]) =>
  [false, true].map((restart) => ({
    name: `${name}${restart ? ", another server after the cut" : ""}`,
    request,
    restart,
  })),
);

describe.each(clients)("$tool", ({ tool, first, again, cuts, refused }) => {
  describeWithTools("resumes", [tool], () => {
    test.each(cases)("$name", async ({ request, restart }) => {
      const cwd = await temporaryFolder();
      const url = await linkTo(request);
      if (restart) await restartAtCut();
      const before = proxy.cutCount();
      proxy.cuts.push(...cuts);
      const broken = await run(tool, [...first, url], cwd);
      expect(broken.code, broken.output).not.toBe(0);
      expect(proxy.cutCount()).toBeGreaterThan(before);
      proxy.cuts.length = 0;
      const resumed = await run(tool, [...again, url], cwd);
      expect(resumed.code, resumed.output).toBe(0);
      const bytes = await readFile(join(cwd, "out.zip"));
      expect(sha256(bytes)).toBe((await expected(request)).hash);
    });
  });

  describeWithTools("is refused on a pinned link", [tool], () => {
    test("after an object was replaced between the two halves", async () => {
      const root = await temporaryFolder();
      await writeFiles(root);
      const { etag } = await expected({ prefix: "" }, root);
      // Without the plan cache, as if some time had passed.
      const own = await start({ SOURCE: root, PLAN_CACHE_SECONDS: "0" });
      const target = proxy.target;
      proxy.target = own.url;
      try {
        const cwd = await temporaryFolder();
        const url = await linkTo({ prefix: "", etag });
        proxy.cuts.push(...cuts);
        expect((await run(tool, [...first, url], cwd)).code).not.toBe(0);
        proxy.cuts.length = 0;
        const had = await readFile(join(cwd, "out.zip"));
        await writeFile(join(root, "two.bin"), patterned(6 * MiB, 9));
        const resumed = await run(tool, [...again, url], cwd);
        expect(resumed.code, resumed.output).toBe(refused);
        // The file is unchanged: nothing of the new contents was appended.
        expect((await readFile(join(cwd, "out.zip"))).equals(had)).toBe(true);
      } finally {
        proxy.target = target;
        await own.stop();
      }
    });
  });
});

describeWithTools("Chromium resumes by itself", ["chromium"], () => {
  test.each(cases)("$name", async ({ request, restart }) => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ acceptDownloads: true });
      const url = await linkTo(request);
      if (restart) await restartAtCut();
      const before = proxy.cutCount();
      proxy.cuts.push(CUT);
      const downloading = page.waitForEvent("download");
      // A navigation that becomes a download is reported as aborted.
      await expect(page.goto(url)).rejects.toThrow(/Download is starting|ERR_ABORTED/);
      const download = await downloading;
      expect(await download.failure()).toBeNull();
      expect(proxy.cutCount()).toBe(before + 1);
      const bytes = await readFile(await download.path());
      expect(sha256(bytes)).toBe((await expected(request)).hash);
    } finally {
      await browser.close();
    }
  });
});
