import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFsSource } from "../adapters/fs.ts";
import { signLink } from "../core/link.ts";
import { planArchive } from "../core/plan-archive.ts";
import { streamZip } from "../core/stream-zip.ts";
import { launchChromium, type WatchedPage, watchPage } from "./support/browser.ts";
import { collect, patterned, sha256 } from "./support/bytes.ts";
import { type FaultProxy, startFaultProxy } from "./support/fault-proxy.ts";
import { type ServiceProcess, startService } from "./support/service-process.ts";
import { makeFolder, removeFolder } from "./support/temporary-folder.ts";
import { describeWithTools } from "./support/tools.ts";

const secret = "a secret of thirty-two bytes, ok";
const MiB = 1024 * 1024;

describeWithTools("the page downloads", ["chromium"], () => {
  let folder: string;
  let service: ServiceProcess;
  let proxy: FaultProxy;
  let browser: Browser;

  beforeAll(async () => {
    folder = await makeFolder();
    await writeFile(join(folder, "one.bin"), patterned(9 * MiB, 1));
    await writeFile(join(folder, "two.bin"), patterned(7 * MiB, 2));
    await writeFile(join(folder, "z.txt"), "small");
    service = await startService("functions/node.ts", {
      SOURCE: folder,
      LINK_SECRET: secret,
      MAX_RESPONSE_BYTES: String(MiB),
    });
    proxy = await startFaultProxy(service.url);
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    await service?.stop();
    await removeFolder(folder);
  });

  beforeEach(() => {
    proxy.fault = () => undefined;
  });

  const expected = async (prefix = "") => {
    const source = createFsSource({ root: folder });
    return sha256(await collect(streamZip(await planArchive({ prefix }, source), source)));
  };

  async function openPage(save: Save): Promise<WatchedPage> {
    const watched = await watchPage(browser, proxy.url);
    await watched.page.addInitScript(save.prepare);
    const expires = new Date(Date.now() + 3_600_000);
    const token = await signLink({ prefix: "", name: "big" }, { secret, expires });
    await watched.page.goto(`${proxy.url}/d/${token}`);
    await watched.page.waitForSelector("[data-ready]");
    return watched;
  }

  /** Has all slices from the `count`th on stall, and resolves once the first of them does. */
  function stallAfter(count: number): Promise<void> {
    let slices = 0;
    const stalled = Promise.withResolvers<void>();
    proxy.fault = ({ range }) => {
      if (range === undefined || slices++ < count) return undefined;
      return { kind: "stall", afterBytes: 1000 };
    };
    proxy.onFault = () => stalled.resolve();
    return stalled.promise;
  }

  /** Has all go well from now on; the ranges that are asked for meanwhile. */
  function heal(): string[] {
    const ranges: string[] = [];
    proxy.fault = ({ range }) => {
      if (range !== undefined) ranges.push(range);
      return undefined;
    };
    return ranges;
  }

  const start = (page: Page) => page.getByRole("link", { name: "Download" }).click();
  const press = (page: Page, name: string) => page.getByRole("button", { name }).click();
  const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();

  /** Where a browser lets a page save, and how the saved bytes are looked at. */
  interface Save {
    readonly name: string;
    readonly prepare: string;
    /** Resolves to the SHA-256 of what is saved once `run` has made it complete. */
    readonly saved: (page: Page, run: () => Promise<void>) => Promise<string>;
  }

  const saves: readonly Save[] = [
    {
      name: "to a chosen file",
      // The same interface, without the dialog that no test can answer.
      prepare: `globalThis.showSaveFilePicker = async () =>
        (await navigator.storage.getDirectory()).getFileHandle("chosen.zip", { create: true })`,
      async saved(page, run) {
        await run();
        await heading(page, "Complete");
        return page.evaluate(`(async () => {
          const root = await navigator.storage.getDirectory();
          const file = await (await root.getFileHandle("chosen.zip")).getFile();
          const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
          return new Uint8Array(hash).toHex();
        })()`);
      },
    },
    {
      name: "to the browser's own storage",
      prepare: "globalThis.showSaveFilePicker = undefined",
      async saved(page, run) {
        const [download] = await Promise.all([page.waitForEvent("download"), run()]);
        await heading(page, "Complete");
        return hashOf(download);
      },
    },
  ];

  async function hashOf(download: Download): Promise<string> {
    expect(await download.failure()).toBeNull();
    expect(download.suggestedFilename()).toBe("big.zip");
    return sha256(await readFile(await download.path()));
  }

  describe.each(saves)("$name", (save) => {
    test("by slices, every third of them broken", async () => {
      await using watched = await openPage(save);
      let slices = 0;
      proxy.fault = ({ range }) =>
        range !== undefined && ++slices % 3 === 0
          ? { kind: "close", afterBytes: 100_000 }
          : undefined;
      const hash = await save.saved(watched.page, () => start(watched.page));
      expect(hash).toBe(await expected());
      expect(proxy.applied.close).toBeGreaterThan(5);
      expect(watched.wrongs).toEqual([]);
    });

    test("with a pause", async () => {
      await using watched = await openPage(save);
      const { page } = watched;
      const stalled = stallAfter(8);
      const hash = await save.saved(page, async () => {
        await start(page);
        await stalled;
        await press(page, "Pause");
        await heading(page, "Paused");
        const ranges = heal();
        await press(page, "Resume");
        await heading(page, "Complete");
        expect(ranges.length).toBeGreaterThan(0);
        expect(ranges).not.toContainEqual(expect.stringMatching(/^bytes=0-/));
      });
      expect(hash).toBe(await expected());
      expect(watched.wrongs).toEqual([]);
    });

    test("on after a reload", async () => {
      await using watched = await openPage(save);
      const { page } = watched;
      const stalled = stallAfter(8);
      await start(page);
      await stalled;
      await expect.poll(() => page.title()).toMatch(/^[1-9]/);
      await page.reload();
      await heading(page, "not finished");
      const ranges = heal();
      const hash = await save.saved(page, () => press(page, "Continue"));
      expect(hash).toBe(await expected());
      expect(ranges).not.toContainEqual(expect.stringMatching(/^bytes=0-/));
      expect(watched.wrongs).toEqual([]);
    });

    test("on after a time without a connection", async () => {
      await using watched = await openPage(save);
      const { page, context } = watched;
      const stalled = stallAfter(8);
      const hash = await save.saved(page, async () => {
        await start(page);
        await stalled;
        await context.setOffline(true);
        await page.getByText("No connection").first().waitFor();
        heal();
        await context.setOffline(false);
      });
      expect(hash).toBe(await expected());
      expect(watched.wrongs).toEqual([]);
    });
  });
});
