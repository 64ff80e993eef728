import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { WatchedPage } from "../../support/browser.ts";
import {
  CHOSEN_FILE,
  hashOf,
  NO_PICKER,
  type PageBed,
  startSlicedBed,
} from "../../support/page-bed.ts";
import { heading, press, startDownload } from "../../support/page-steps.ts";
import { describeWithTools } from "../../support/tools.ts";

describeWithTools("the page downloads", ["chromium"], () => {
  let bed: PageBed;

  beforeAll(async () => {
    bed = await startSlicedBed();
  });

  afterAll(() => bed?.close());

  beforeEach(() => void bed.heal());

  const openPage = async (save: Save): Promise<WatchedPage> =>
    bed.open(await bed.link(), save.prepare);

  /** Where the browser lets the page save, and how the test reads the saved bytes. */
  interface Save {
    readonly name: string;
    readonly prepare: string;
    /** Resolves to the SHA-256 of the saved file, once `run` has completed the download. */
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

  describe.each(saves)("$name", (save) => {
    test("in slices, with every third one broken off", async () => {
      await using watched = await openPage(save);
      let slices = 0;
      bed.proxy.fault = ({ range }) =>
        range !== undefined && ++slices % 3 === 0
          ? { kind: "close", afterBytes: 100_000 }
          : undefined;
      const hash = await save.saved(watched.page, () => startDownload(watched.page));
      expect(hash).toBe(await bed.expected());
      expect(bed.proxy.applied.close).toBeGreaterThan(5);
      expect(watched.wrongs).toEqual([]);
    });

    test("with a pause", async () => {
      await using watched = await openPage(save);
      const { page } = watched;
      const stalled = bed.stallAfter(8);
      const hash = await save.saved(page, async () => {
        await startDownload(page);
        await stalled;
        await press(page, "Pause");
        await heading(page, "Paused");
        const ranges = bed.heal();
        await press(page, "Resume");
        await heading(page, "Complete");
        expect(ranges.length).toBeGreaterThan(0);
        expect(ranges).not.toContainEqual(expect.stringMatching(/^bytes=0-/));
      });
      expect(hash).toBe(await bed.expected());
      expect(watched.wrongs).toEqual([]);
    });

    test("the rest after a reload", async () => {
      await using watched = await openPage(save);
      const { page } = watched;
      const stalled = bed.stallAfter(8);
      await startDownload(page);
      await stalled;
      await expect.poll(() => page.title()).toMatch(/^[1-9]/);
      await page.reload();
      await heading(page, "not finished");
      const ranges = bed.heal();
      const hash = await save.saved(page, () => press(page, "Continue"));
      expect(hash).toBe(await bed.expected());
      expect(ranges).not.toContainEqual(expect.stringMatching(/^bytes=0-/));
      expect(watched.wrongs).toEqual([]);
    });

    test("the rest after a loss of the connection", async () => {
      await using watched = await openPage(save);
      const { page, context } = watched;
      const stalled = bed.stallAfter(8);
      const hash = await save.saved(page, async () => {
        await startDownload(page);
        await stalled;
        await context.setOffline(true);
        await page.getByText("No connection").first().waitFor();
        bed.heal();
        await context.setOffline(false);
      });
      expect(hash).toBe(await bed.expected());
      expect(watched.wrongs).toEqual([]);
    });
  });
});
