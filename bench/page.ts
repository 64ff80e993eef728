import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { type Report, reportOf, type Values } from "./report.ts";
import { Service } from "./service.ts";

const CHROMIUM = "/usr/bin/chromium";
const ENTRIES = 10_000;

/** The folder layouts of the 10,000 entries. */
const shapes = {
  "one folder": (i: number) => `${i}.jpg`,
  "100 folders": (i: number) => `${i % 100}/${i}.jpg`,
} as const;

/**
 * Times the page of a link to 10,000 files in Chromium, from a service on this machine that has
 * already listed them: until the first paint, and until a box can be ticked and the page has shown
 * the tick. Each round uses a new browser profile. Without Chromium, a message says so.
 */
export async function* measurePage(runs: number): AsyncGenerator<Report> {
  if (!existsSync(CHROMIUM)) {
    console.error(`page: skipped, ${CHROMIUM} is missing`);
    return;
  }
  const rows: Record<string, Values[]> = {};
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    for (const [shape, nameOf] of Object.entries(shapes)) {
      console.error(`page ${shape}`);
      rows[shape] = await measureShape(nameOf, runs, browser);
    }
  } finally {
    await browser.close();
  }
  yield reportOf("page", "the page of a link to 10,000 files, in Chromium", rows);
}

async function measureShape(
  nameOf: (i: number) => string,
  runs: number,
  browser: Browser,
): Promise<Values[]> {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  try {
    for (let i = 0; i < ENTRIES; i++) {
      const path = join(folder, nameOf(i));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, "x");
    }
    using service = await Service.start({ SOURCE: folder, PLAN_CACHE_SECONDS: "600" });
    const url = `${service.url}/d/${await service.sign({ prefix: "" })}`;
    await (await fetch(url)).text();
    const rounds: Values[] = [];
    while (rounds.length < runs) rounds.push(await measureOnce(url, browser));
    return rounds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Ticks the first box as soon as the script is ready, and waits for the frame that shows the tick.
 */
const PROBE = `new MutationObserver((_, observer) => {
  if (document.documentElement.dataset.ready === undefined) return;
  observer.disconnect();
  document.querySelector("label > input").click();
  requestAnimationFrame(() => setTimeout(() => {
    const shown = !document.getElementById("clear").hidden;
    const painted = performance.getEntriesByName("first-contentful-paint")[0];
    if (shown) measured({ interactive: performance.now(), painted: painted.startTime });
  }));
}).observe(document, { attributes: true, subtree: true })`;

async function measureOnce(url: string, browser: Browser): Promise<Values> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const measured = Promise.withResolvers<{ painted: number; interactive: number }>();
    await page.exposeFunction("measured", measured.resolve);
    await page.addInitScript(PROBE);
    await page.goto(url);
    const { painted, interactive } = await measured.promise;
    return { paintedMs: painted, interactiveMs: interactive };
  } finally {
    await context.close();
  }
}
