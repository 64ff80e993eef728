import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashOf, NO_PICKER, type PageBed, startPageBed } from "../../support/page-bed.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

const sample = join(import.meta.dirname, "../../../examples/sample-files");
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const HTML_TITLE = `<img src=x onerror="document.title='run'">`;

describeWithTools("the page in a browser", ["chromium"], () => {
  let folder: string;
  let bed: PageBed;

  beforeAll(async () => {
    folder = await makeFolder();
    await cp(sample, join(folder, "sample"), { recursive: true, preserveTimestamps: true });
    await mkdir(join(folder, "&lt;b&gt;"));
    await writeFile(join(folder, "&lt;b&gt;/&amp;<b onclick='x'>.txt"), "");
    bed = await startPageBed(folder);
  });

  afterAll(async () => {
    await bed?.close();
    await removeFolder(folder);
  });

  beforeEach(() => void bed.heal());

  async function downloadBy(page: Page, run: () => Promise<void>): Promise<string> {
    const [download] = await Promise.all([page.waitForEvent("download"), run()]);
    return hashOf(download);
  }

  test("shows the list, and downloads by the plain link", async () => {
    const url = await bed.link({ title: HTML_TITLE, issuer: "Kiefer & Söhne" });
    await using watched = await bed.open(url, "", { timezoneId: "Asia/Tokyo" });
    const { page } = watched;
    expect(await page.title()).toBe(HTML_TITLE);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(HTML_TITLE);
    expect(await page.locator("img, b").count()).toBe(0);
    expect(await page.getByText("From Kiefer & Söhne").count()).toBe(1);
    await page.getByText("&lt;b&gt_", { exact: true }).waitFor();
    await page.getByText("&amp;_b onclick='x'_.txt").waitFor();
    expect(await page.getByText("حديقة العطور.txt").count()).toBe(1);
    const shown = await page.locator("time").textContent();
    expect(shown).not.toContain("UTC");
    const iso = (await page.locator("time").getAttribute("datetime")) ?? "";
    const local = { timeStyle: "short", timeZone: "Asia/Tokyo" } as const;
    expect(shown).toContain(new Intl.DateTimeFormat("en", local).format(new Date(iso)));
    const hash = await downloadBy(page, () => page.getByRole("link", { name: "Download" }).click());
    expect(hash).toBe(await bed.expected());
    expect([...watched.wrongs, ...watched.networkErrors]).toEqual([]);
    expect(bed.service.output()).not.toContain(url.split("/").at(-1));
  });

  test("downloads what is selected", async () => {
    await using watched = await bed.open(await bed.link());
    const { page } = watched;
    await page.getByLabel("Select the folder Messungen").check();
    await page.getByLabel("Bodenfeuchte.csv").uncheck();
    const isMixed = (label: string) =>
      page.getByLabel(label).evaluate((box: { indeterminate: boolean }) => box.indeterminate);
    expect(await isMixed("Select the folder Messungen")).toBe(true);
    expect(await page.getByLabel("Select the folder 10").isChecked()).toBe(true);
    await page.getByText("2 files selected, 55.1 kB.").waitFor();
    const link = page.getByRole("link", { name: "Download selected" });
    const { searchParams } = new URL((await link.getAttribute("href")) ?? "", page.url());
    const hash = await downloadBy(page, () => link.click());
    expect(hash).toBe(await bed.expected(searchParams.get("only") ?? ""));
    await page.getByRole("button", { name: "Clear selection" }).click();
    expect(await isMixed("Select the folder Messungen")).toBe(false);
    expect(await page.getByRole("link", { name: /^Download ZIP/ }).count()).toBe(1);
    expect([...watched.wrongs, ...watched.networkErrors]).toEqual([]);
  });

  test("leaves a compressed archive to the browser, because its length is unknown", async () => {
    const request = { prefix: "sample/", name: "big", compression: "deflate" } as const;
    await using watched = await bed.open(await bed.link({ request }));
    const { page } = watched;
    expect(await page.getByRole("button", { name: "Download here" }).isVisible()).toBe(false);
    await downloadBy(page, () => page.getByRole("link", { name: "Download ZIP" }).click());
    expect([...watched.wrongs, ...watched.networkErrors]).toEqual([]);
  });

  test("can be used by keyboard alone", async () => {
    await using watched = await bed.open(await bed.link(), NO_PICKER);
    const { page } = watched;
    const focused = () => page.locator(":focus");
    await page.keyboard.press("Tab");
    expect(await focused().textContent()).toContain("Download");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    expect(await focused().isChecked()).toBe(true);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.locator("details").first().getAttribute("open")).toBeNull();
    await page.getByRole("button", { name: "Download here" }).focus();
    const hash = await downloadBy(page, () => page.keyboard.press("Enter"));
    expect(hash).toBe(await bed.expected("0"));
    await page.getByRole("heading", { name: "Complete" }).waitFor();
    await page.keyboard.press("Tab");
    expect(await focused().textContent()).toBe("Done");
    await page.keyboard.press("Enter");
    expect(await focused().textContent()).toContain("Download");
    expect(watched.wrongs).toEqual([]);
  });

  test("works without JavaScript", async () => {
    await using watched = await bed.open(await bed.link(), "", { javaScriptEnabled: false });
    const { page } = watched;
    await page.getByText("Pflanzenliste.json").waitFor();
    expect(await page.locator("time").textContent()).toContain("UTC");
    const whole = await downloadBy(page, () =>
      page.getByRole("link", { name: "Download" }).click(),
    );
    expect(whole).toBe(await bed.expected());
    await page.getByLabel("Select the folder Messungen").check();
    await page.getByLabel("Pflanzenliste.json").check();
    const values = [
      await page.getByLabel("Select the folder Messungen").getAttribute("value"),
      await page.getByLabel("Pflanzenliste.json").getAttribute("value"),
    ];
    const some = await downloadBy(page, () =>
      page.getByRole("button", { name: "Download the selected files" }).click(),
    );
    expect(some).toBe(await bed.expected(values.join(",")));
    expect([...watched.wrongs, ...watched.networkErrors]).toEqual([]);
  });

  test("says that a link has expired", async () => {
    const url = await bed.link({ expires: new Date(Date.now() - 1000) });
    await using watched = await bed.open(url);
    const { page } = watched;
    expect((await page.reload())?.status()).toBe(410);
    await page.getByRole("heading", { name: "This link has expired" }).waitFor();
    expect(watched.wrongs).toEqual([]);
  });

  describe.each(["light", "dark"] as const)(
    "has no accessibility violations that axe finds, %s",
    (colorScheme) => {
      const options = { colorScheme };

      async function violations(page: Page): Promise<unknown[]> {
        const { violations: found } = await page.evaluate<AxeResults>("axe.run()");
        return found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
      }

      test("from the list to the end of a download", async () => {
        const prepare = `${NO_PICKER};${axe}`;
        await using watched = await bed.open(await bed.link(), prepare, options);
        const { page } = watched;
        expect(await violations(page)).toEqual([]);
        await page.getByLabel("Select the folder Messungen").check();
        expect(await violations(page)).toEqual([]);
        bed.proxy.fault = ({ range }) =>
          range === undefined ? undefined : { kind: "status", status: 503 };
        await page.getByRole("button", { name: "Download here" }).click();
        await page.locator("#transfer-message").getByText("Trying again").waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByRole("button", { name: "Pause" }).click();
        await page.getByRole("heading", { name: "Paused" }).waitFor();
        expect(await violations(page)).toEqual([]);
        bed.proxy.fault = ({ range }) =>
          range === undefined ? undefined : { kind: "status", status: 410 };
        await page.getByRole("button", { name: "Resume" }).click();
        await page.getByRole("heading", { name: "has stopped" }).waitFor();
        expect(await violations(page)).toEqual([]);
        bed.proxy.fault = () => undefined;
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByRole("heading", { name: "Complete" }).waitFor();
        expect(await violations(page)).toEqual([]);
        expect(watched.wrongs).toEqual([]);
      });

      test("with a brand, in a language written from right to left, at the usual width", async () => {
        const settings = {
          ...{ PAGE_NAME: "Kiefer & Söhne", PAGE_COLOR: "#0b6e4f", PAGE_FOOTER: "Since 1911" },
          ...{ PAGE_SUPPORT_URL: "https://help.example/", PAGE_LANGUAGES: "ar" },
        };
        const branded = await startPageBed(folder, settings);
        try {
          const width = async (url: string, origin: PageBed) => {
            await using watched = await origin.open(url, axe, options);
            expect(await violations(watched.page)).toEqual([]);
            expect(watched.wrongs).toEqual([]);
            return (await watched.page.locator("main").boundingBox())?.width;
          };
          const plain = await width(await bed.link(), bed);
          expect(await width(await branded.link({ issuer: "Anna" }), branded)).toBe(plain);
          const expired = await branded.link({ expires: new Date(Date.now() - 1000) });
          expect(await width(expired, branded)).toBeLessThan(plain ?? 0);
        } finally {
          await branded.close();
        }
      });

      test("for a link that does not open", async () => {
        await using watched = await bed.open(`${bed.proxy.url}/d/nonsense`, axe, options);
        await watched.page.getByRole("heading", { name: "cut off or mangled" }).waitFor();
        expect(await violations(watched.page)).toEqual([]);
        expect(watched.wrongs).toEqual([]);
      });
    },
  );
});
