import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Download } from "playwright-core";
import { createFsSource } from "../../adapters/fs/source.ts";
import { signLink } from "../../core/links/link.ts";
import type { ArchiveSpec } from "../../core/planning/archive-spec.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { selectEntries } from "../../core/planning/select-entries.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { launchChromium, type WatchedPage, watchPage } from "./browser.ts";
import { collect, patterned, sha256 } from "./bytes.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { linkSecret as secret } from "./secrets.ts";
import { type ServiceProcess, startService } from "./service-process.ts";
import { makeFolder, removeFolder } from "./temporary-folder.ts";

const MiB = 1024 * 1024;

/** Makes `showSaveFilePicker` return a file without the dialog, which no test can answer. */
export const CHOSEN_FILE = `globalThis.showSaveFilePicker = async () =>
  (await navigator.storage.getDirectory()).getFileHandle("chosen.zip", { create: true })`;

/** Makes the browser one whose pages cannot ask for a file. */
export const NO_PICKER = "globalThis.showSaveFilePicker = undefined";

export interface LinkOptions {
  readonly request?: ArchiveSpec;
  readonly expires?: Date;
  readonly title?: string;
  readonly issuer?: string;
}

/** A service that serves a folder, a proxy that can make it fail, and a browser. */
export interface PageBed {
  readonly proxy: FaultProxy;
  readonly browser: Browser;
  readonly service: ServiceProcess;
  /** Returns a link to a page. */
  link(options?: LinkOptions): Promise<string>;
  /** Opens a watched page that shows `url` and whose script is ready, with `prepare` run before. */
  open(url: string, prepare?: string, options?: BrowserContextOptions): Promise<WatchedPage>;
  /** Makes all slices from the `count`th on stall. Resolves once one does. */
  stallAfter(count: number): Promise<void>;
  /** Makes everything succeed from now on. Returns the ranges that are requested from then on. */
  heal(): string[];
  /** Returns the SHA-256 of the archive of the whole folder, or of the part that `only` selects. */
  expected(only?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startPageBed(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<PageBed> {
  const settings = { SOURCE: folder, LINK_SECRET: secret, ...env };
  const service = await startService("functions/node.ts", settings);
  const proxy = await startFaultProxy(service.url);
  const browser = await launchChromium();
  return {
    proxy,
    browser,
    service,
    async link({ request = { prefix: "", name: "big" }, ...options } = {}) {
      const inAnHour = new Date(Date.now() + 3_600_000);
      const token = await signLink(request, { secret, expires: inAnHour, ...options });
      return `${proxy.url}/d/${token}`;
    },
    async open(url, prepare = "", options = {}) {
      const watched = await watchPage(browser, proxy.url, options);
      if (prepare !== "") await watched.page.addInitScript(prepare);
      await watched.page.goto(url);
      if (options.javaScriptEnabled !== false) {
        await watched.page.waitForSelector("[data-ready], main.error");
      }
      return watched;
    },
    stallAfter(count) {
      let slices = 0;
      const stalled = Promise.withResolvers<void>();
      proxy.fault = ({ range }) => {
        if (range === undefined || slices++ < count) return undefined;
        return { kind: "stall", afterBytes: 1000 };
      };
      proxy.onFault = () => stalled.resolve();
      return stalled.promise;
    },
    heal() {
      const ranges: string[] = [];
      proxy.fault = ({ range }) => {
        if (range !== undefined) ranges.push(range);
        return undefined;
      };
      return ranges;
    },
    async expected(only) {
      const source = createFsSource({ root: folder });
      const plan = await planArchive({ prefix: "" }, source);
      const selected = selectEntries(plan, new URLSearchParams(only === undefined ? {} : { only }));
      return sha256(await collect(streamZip(selected, source)));
    },
    async close() {
      await browser.close();
      await proxy.close();
      await service.stop();
    },
  };
}

/**
 * Starts a test bed with its own folder: one.bin, two.bin and z.txt, 16 MiB in total, sent in
 * slices of 1 MiB.
 */
export async function startSlicedBed(): Promise<PageBed> {
  const folder = await makeFolder();
  await writeFile(join(folder, "one.bin"), patterned(9 * MiB, 1));
  await writeFile(join(folder, "two.bin"), patterned(7 * MiB, 2));
  await writeFile(join(folder, "z.txt"), "small");
  const bed = await startPageBed(folder, { MAX_RESPONSE_BYTES: String(MiB) });
  return {
    ...bed,
    async close() {
      await bed.close();
      await removeFolder(folder);
    },
  };
}

/** Returns the SHA-256 of a download named big.zip. Rejects if it failed. */
export async function hashOf(download: Download): Promise<string> {
  const failure = await download.failure();
  if (failure !== null) throw new Error(`the download failed: ${failure}`);
  const name = download.suggestedFilename();
  if (name !== "big.zip") throw new Error(`the download is named ${name}, not big.zip`);
  return sha256(await readFile(await download.path()));
}
