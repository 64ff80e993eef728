import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { en } from "../../../functions/page/texts/en.ts";
import { hashOf, NO_PICKER, type PageBed, startSlicedBed } from "../../support/page-bed.ts";
import { heading, press, startDownload } from "../../support/page-steps.ts";
import { describeWithTools } from "../../support/tools.ts";

/** Resolves once the page's next worker has been closed. */
async function workerClosed(page: Page): Promise<void> {
  const worker = await page.waitForEvent("worker");
  await worker.waitForEvent("close");
}

describeWithTools("the page downloads", ["chromium"], () => {
  let bed: PageBed;

  beforeAll(async () => {
    bed = await startSlicedBed();
  });

  afterAll(() => bed?.close());

  beforeEach(() => void bed.heal());

  test("some of the files, in slices", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    await page.getByLabel("two.bin").check();
    await page.getByLabel("z.txt").check();
    const [download] = await Promise.all([page.waitForEvent("download"), startDownload(page)]);
    await heading(page, "Complete");
    expect(await hashOf(download)).toBe(await bed.expected("1-2"));
    expect(watched.wrongs).toEqual([]);
    expect(watched.networkErrors).toEqual([]);
  });

  const stops: readonly [string, number, RegExp][] = [
    ["the link has expired", 410, /The link has expired/],
    ["the files have changed", 412, /The files have changed/],
    ["the link is no longer valid", 401, /no longer allows this download/],
  ];
  test.each(stops)("until %s (%i), and says so", async (_, status, message) => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    let slices = 0;
    bed.proxy.fault = ({ range }) =>
      range !== undefined && slices++ >= 4 ? { kind: "status", status } : undefined;
    await startDownload(page);
    await heading(page, "has stopped");
    await page.locator("#transfer-message").getByText(message).waitFor();
    bed.heal();
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Continue")]);
    expect(await hashOf(download)).toBe(await bed.expected());
    expect(watched.wrongs).toEqual([]);
  });

  test("until the server asks to come back much later, and says so", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    const aDay = { kind: "status", status: 503, retryAfter: 86_400 } as const;
    bed.proxy.fault = ({ range }) => (range === undefined ? undefined : aDay);
    await startDownload(page);
    await heading(page, "has stopped");
    await page.locator("#transfer-message").getByText(en.client.problems.gaveUp).waitFor();
    bed.heal();
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Continue")]);
    expect(await hashOf(download)).toBe(await bed.expected());
    expect(watched.wrongs).toEqual([]);
  });

  test.each([...stops, ["the server is busy", 429, /try again in a moment/]] as const)(
    "nothing by the browser once %s (%i), and says so",
    async (_, status, message) => {
      await using watched = await bed.open(
        await bed.link({ request: { prefix: "z", name: "big" } }),
      );
      const { page } = watched;
      bed.proxy.fault = ({ method }) =>
        method === "HEAD" ? { kind: "status", status } : undefined;
      await startDownload(page);
      await heading(page, "cannot start");
      await page.locator("#transfer-message").getByText(message).waitFor();
      await press(page, "Done");
      bed.heal();
      const [download] = await Promise.all([page.waitForEvent("download"), startDownload(page)]);
      expect(await download.failure()).toBeNull();
      expect(watched.wrongs).toEqual([]);
    },
  );

  test("in one tab at a time", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page, context } = watched;
    const stalled = bed.stallAfter(8);
    await startDownload(page);
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
    const ranges = bed.heal();
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Resume")]);
    expect(await hashOf(download)).toBe(await bed.expected());
    expect(ranges).not.toContainEqual(expect.stringMatching(/^bytes=0-/));
    expect(watched.wrongs).toEqual([]);
  });

  test("nothing if there is not enough room, and says so", async () => {
    const full =
      "navigator.storage.estimate = async () => ({ quota: 5_000_000, usage: 4_000_000 })";
    await using watched = await bed.open(await bed.link(), `${NO_PICKER}; ${full}`);
    const { page } = watched;
    await startDownload(page);
    await heading(page, "has stopped");
    await page.locator("#transfer-message").getByText("room for 1.0 MB more").waitFor();
    await press(page, "Cancel");
    await page.getByRole("link", { name: "Download" }).waitFor();
    expect(watched.wrongs).toEqual([]);
  });

  test("nothing if the browser cannot store files, and says so", async () => {
    const none =
      "navigator.storage.getDirectory = async () => { throw new DOMException('', 'SecurityError'); }";
    await using watched = await bed.open(await bed.link(), `${NO_PICKER}; ${none}`);
    const { page } = watched;
    await startDownload(page);
    await page.locator("#transfer-message").getByText("cannot save large files").waitFor();
    expect(watched.wrongs).toEqual([]);
  });

  test("continues after its file could not be opened, and closes that worker", async () => {
    const failing = `globalThis.Worker = class extends Worker {
      postMessage(message, transfer) {
        const { open } = message;
        const isFirst = open && !globalThis.hasFailed;
        if (isFirst) globalThis.hasFailed = true;
        super.postMessage(isFirst ? { open: { ...open, folder: "none" } } : message, transfer);
      }
    }`;
    await using watched = await bed.open(await bed.link(), `${NO_PICKER}; ${failing}`);
    const { page } = watched;
    const closed = workerClosed(page);
    await startDownload(page);
    await heading(page, "has stopped");
    await closed;
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Continue")]);
    expect(await hashOf(download)).toBe(await bed.expected());
    expect(watched.wrongs).toEqual([]);
  });

  test("can be cancelled after its file could not be settled", async () => {
    const failing = `globalThis.Blob = class extends Blob {
      constructor(parts, options) {
        const flush = "FileSystemSyncAccessHandle.prototype.flush";
        const broken = flush + ' = () => { throw new DOMException("", "QuotaExceededError"); };';
        super(options?.type === "text/javascript" ? [broken, ...parts] : parts, options);
      }
    }`;
    await using watched = await bed.open(await bed.link(), `${NO_PICKER}; ${failing}`);
    const { page } = watched;
    const closed = workerClosed(page);
    const stalled = bed.stallAfter(8);
    await startDownload(page);
    await stalled;
    await press(page, "Pause");
    await page.locator("#transfer-message").getByText("disk is full").waitFor();
    await closed;
    await press(page, "Cancel");
    await page.getByRole("link", { name: "Download" }).waitFor();
    expect(watched.wrongs).toEqual([]);
  });

  test("nothing more once cancelled, and keeps nothing", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    const stalled = bed.stallAfter(8);
    await startDownload(page);
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
