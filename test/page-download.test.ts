import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Download, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { WatchedPage } from "./support/browser.ts";
import { patterned, sha256 } from "./support/bytes.ts";
import { CHOSEN_FILE, NO_PICKER, type PageBed, startPageBed } from "./support/page-bed.ts";
import { makeFolder, removeFolder } from "./support/temporary-folder.ts";
import { describeWithTools } from "./support/tools.ts";

const MiB = 1024 * 1024;

describeWithTools("the page downloads", ["chromium"], () => {
  let folder: string;
  let bed: PageBed;

  beforeAll(async () => {
    folder = await makeFolder();
    await writeFile(join(folder, "one.bin"), patterned(9 * MiB, 1));
    await writeFile(join(folder, "two.bin"), patterned(7 * MiB, 2));
    await writeFile(join(folder, "z.txt"), "small");
    bed = await startPageBed(folder, { MAX_RESPONSE_BYTES: String(MiB) });
  });

  afterAll(async () => {
    await bed?.close();
    await removeFolder(folder);
  });

  beforeEach(() => {
    bed.proxy.fault = () => undefined;
    bed.proxy.onFault = () => undefined;
  });

  const openPage = async (save: Save): Promise<WatchedPage> =>
    bed.open(await bed.link(), save.prepare);

  /** Has all slices from the `count`th on stall, and resolves once the first of them does. */
  function stallAfter(count: number): Promise<void> {
    let slices = 0;
    const stalled = Promise.withResolvers<void>();
    bed.proxy.fault = ({ range }) => {
      if (range === undefined || slices++ < count) return undefined;
      return { kind: "stall", afterBytes: 1000 };
    };
    bed.proxy.onFault = () => stalled.resolve();
    return stalled.promise;
  }

  /** Has all go well from now on; the ranges that are asked for meanwhile. */
  function heal(): string[] {
    const ranges: string[] = [];
    bed.proxy.fault = ({ range }) => {
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
      prepare: CHOSEN_FILE,
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
      prepare: NO_PICKER,
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
      bed.proxy.fault = ({ range }) =>
        range !== undefined && ++slices % 3 === 0
          ? { kind: "close", afterBytes: 100_000 }
          : undefined;
      const hash = await save.saved(watched.page, () => start(watched.page));
      expect(hash).toBe(await bed.expected());
      expect(bed.proxy.applied.close).toBeGreaterThan(5);
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
      expect(hash).toBe(await bed.expected());
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
      expect(hash).toBe(await bed.expected());
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
      expect(hash).toBe(await bed.expected());
      expect(watched.wrongs).toEqual([]);
    });
  });

  test("some of the files, by slices", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    await page.getByLabel("two.bin").check();
    await page.getByLabel("z.txt").check();
    const [download] = await Promise.all([page.waitForEvent("download"), start(page)]);
    await heading(page, "Complete");
    expect(await hashOf(download)).toBe(await bed.expected("1-2"));
    expect(watched.wrongs).toEqual([]);
    expect(watched.networkErrors).toEqual([]);
  });

  const stops: readonly [string, number, RegExp][] = [
    ["the link has expired", 410, /The link has expired/],
    ["the files have changed", 412, /The files have changed/],
    ["the link is not valid any more", 401, /does not give the file out/],
  ];
  test.each(stops)("until %s (%i), and says so", async (_, status, message) => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    let slices = 0;
    bed.proxy.fault = ({ range }) =>
      range !== undefined && slices++ >= 4 ? { kind: "status", status } : undefined;
    await start(page);
    await heading(page, "has stopped");
    await page.locator("#transfer-message").getByText(message).waitFor();
    heal();
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Continue")]);
    expect(await hashOf(download)).toBe(await bed.expected());
    expect(watched.wrongs).toEqual([]);
  });

  test("in one tab at a time", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page, context } = watched;
    const stalled = stallAfter(8);
    await start(page);
    await stalled;
    const other = await context.newPage();
    await other.addInitScript(NO_PICKER);
    await other.goto(page.url());
    await press(other, "Continue");
    const message = other.locator("#transfer-message").getByText("Another tab");
    await message.waitFor();
    await press(other, "Cancel");
    await press(other, "Done");
    await press(page, "Pause");
    const ranges = heal();
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Resume")]);
    expect(await hashOf(download)).toBe(await bed.expected());
    expect(ranges).not.toContainEqual(expect.stringMatching(/^bytes=0-/));
    expect(watched.wrongs).toEqual([]);
  });

  test("nothing that there is no room for, and says so", async () => {
    const full =
      "navigator.storage.estimate = async () => ({ quota: 5_000_000, usage: 4_000_000 })";
    await using watched = await bed.open(await bed.link(), `${NO_PICKER}; ${full}`);
    const { page } = watched;
    await start(page);
    await heading(page, "has stopped");
    await page.locator("#transfer-message").getByText("room for 1.0 MB more").waitFor();
    await press(page, "Cancel");
    await page.getByRole("link", { name: "Download" }).waitFor();
    expect(watched.wrongs).toEqual([]);
  });

  test("nothing where nothing can be kept, and says so", async () => {
    const none =
      "navigator.storage.getDirectory = async () => { throw new DOMException('', 'SecurityError'); }";
    await using watched = await bed.open(await bed.link(), `${NO_PICKER}; ${none}`);
    const { page } = watched;
    await start(page);
    await page.locator("#transfer-message").getByText("cannot save large files").waitFor();
    expect(watched.wrongs).toEqual([]);
  });

  test("no more once it is cancelled, and keeps nothing", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    const stalled = stallAfter(8);
    await start(page);
    await stalled;
    await press(page, "Pause");
    await press(page, "Cancel");
    await page.getByRole("link", { name: "Download" }).waitFor();
    await page.reload();
    await page.waitForSelector("[data-ready]");
    expect(await page.getByRole("heading", { name: "not finished" }).count()).toBe(0);
    expect(watched.wrongs).toEqual([]);
  });
});
