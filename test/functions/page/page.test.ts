import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { createLinkPresenter } from "../../../core/http/handler.ts";
import { signLink } from "../../../core/links/link.ts";
import { formatIndexList } from "../../../core/planning/index-list.ts";
import { script, style } from "../../../functions/page/assets.generated.ts";
import { RateMeter } from "../../../functions/page/client/rate-meter.ts";
import { fileList } from "../../../functions/page/file-list.ts";
import {
  buildFileTree,
  type FileNode,
  type FolderNode,
} from "../../../functions/page/file-tree.ts";
import { html, jsonBlock } from "../../../functions/page/html.ts";
import { kindOf } from "../../../functions/page/kinds.ts";
import { localeOf } from "../../../functions/page/locale.ts";
import { createPage } from "../../../functions/page/page.ts";
import { en } from "../../../functions/page/texts/en.ts";
import { appOf } from "../../support/apps.ts";
import { expectDefectLogged } from "../../support/defects.ts";
import { handlerOptions } from "../../support/handlers.ts";
import { linkSecret as secret } from "../../support/secrets.ts";

const settings = { cacheSeconds: 0, languages: ["en"] } as const;

const inAnHour = () => new Date(Date.now() + 3_600_000);

async function pageOf(
  zip: unknown,
  options: { expires?: Date; title?: string; issuer?: string } = {},
) {
  const source = createMemorySource({ "a/one.txt": "1", "a/<b>&'\".txt": "22", "z.pdf": "333" });
  const page = createPage(createLinkPresenter(handlerOptions(source)), settings);
  const token = await signLink(zip as { prefix: string }, {
    secret,
    expires: inAnHour(),
    ...options,
  });
  return openPage(page, token);
}

async function openPage(page: ReturnType<typeof createPage>, token: string) {
  const response = await page(new Request(`http://localhost/d/${token}?x=1`), token);
  const whole = await response.text();
  // Without style and script, a failure's message is readable.
  return { response, whole, text: whole.replace(style, "").replace(script, ""), token };
}

describe("templates", () => {
  test("any text is restored from the HTML it was inserted into", () => {
    const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = html`${text}`.text;
        expect(escaped).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(escaped.replace(/&(.+?);/g, (_, name) => entities[name] ?? "")).toBe(text);
      }),
    );
  });

  test("lists are joined, HTML is kept, undefined adds nothing", () => {
    expect(html`<p>${[html`<b>${1}</b>`, "<", undefined]}</p>`.text).toBe("<p><b>1</b>&lt;</p>");
  });

  test("any value is restored from a data block, and none ends it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const block = jsonBlock("x", [value, text, "</script><!--"]).text;
        const [, json = ""] =
          /^<script type="application\/json" id="x">(.*)<\/script>$/s.exec(block) ?? [];
        expect(json).not.toContain("<");
        expect(JSON.parse(json)).toEqual(
          JSON.parse(JSON.stringify([value, text, "</script><!--"])),
        );
      }),
    );
  });
});

describe("the tree", () => {
  const entries = ["b/2.txt", "10.txt", "b/c/x", "9.txt", "empty/", "b/"].map((name) => ({
    name,
    size: name.endsWith("/") ? 0 : 10,
  }));

  test("has folders and files in alphabetical order, with their sums and indices", () => {
    const root = buildFileTree(entries, "en");
    expect(root).toMatchObject({ count: 4, size: 40, only: "0-5" });
    expect(root.files.map(({ name, index }) => [name, index])).toEqual([
      ["9.txt", 3],
      ["10.txt", 1],
    ]);
    expect(root.folders).toMatchObject([
      { name: "b", count: 2, size: 20, only: "0,2,5", folders: [{ name: "c" }] },
      { name: "empty", count: 0, only: "4", files: [] },
    ]);
  });

  test("shows folders that hold nothing but the next one as one", () => {
    const names = ["a/b/c/1.txt", "a/b/c/d/2.txt", "a/b/e/f/3.txt", "x/y/", "a/b/c/d/4.txt"];
    const root = buildFileTree(
      names.map((name) => ({ name, size: 1 })),
      "en",
    );
    expect(root.folders).toMatchObject([
      {
        name: "a/b",
        only: "0-2,4",
        count: 4,
        folders: [
          { name: "c", only: "0-1,4", folders: [{ name: "d", only: "1,4" }] },
          { name: "e/f", only: "2", folders: [] },
        ],
      },
      { name: "x/y", only: "3", count: 0 },
    ]);
  });

  /** Every folder and file below a folder, with its whole path. */
  function walk(folder: FolderNode, path = ""): [path: string, node: FolderNode | FileNode][] {
    return [
      ...folder.files.map((file) => [path + file.name, file] as [string, FileNode]),
      ...folder.folders.flatMap((below) => {
        const whole = `${path}${below.name}/`;
        return [[whole, below] as [string, FolderNode], ...walk(below, whole)];
      }),
    ];
  }

  test("has each file once, and each folder the entries below it", () => {
    const segment = fc.constantFrom("a", "b", "a b", "a-b", "é", "10", "9");
    const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 40 }), (paths) => {
        // A name that is also the folder of another stands for an empty folder.
        const names = paths.map((name) =>
          paths.some((other) => other.startsWith(`${name}/`)) ? `${name}/` : name,
        );
        const root = buildFileTree(
          names.map((name) => ({ name, size: 1 })),
          "en",
        );
        const all = walk(root);
        const files = names.filter((name) => !name.endsWith("/"));
        expect(all.flatMap(([name, node]) => ("index" in node ? [name] : [])).sort()).toEqual(
          files.sort(),
        );
        for (const [name, node] of all) {
          if ("index" in node) continue;
          const below = [...names.keys()].filter((i) => names[i]?.startsWith(name));
          expect(node.only).toBe(formatIndexList(below));
          expect(node.count).toBe(below.filter((i) => !names[i]?.endsWith("/")).length);
        }
      }),
    );
  });

  test.each(["next to", "far from"])(
    "of 10,000 files, each in 64 folders, %s the others, has at most twice as many folders",
    (where) => {
      const side = (i: number) => (where === "next to" ? i >> 1 : (i * 7919) % 10_000);
      const names = Array.from({ length: 10_000 }, (_, i) => {
        const digits = side(i).toString(2).padStart(14, "0").split("");
        const folders = Array.from({ length: 64 }, (_, depth) => digits[depth] ?? "x");
        return { name: `${folders.join("/")}/${i}`, size: 1 };
      });
      const root = buildFileTree(names, "en");
      const all = walk(root);
      expect(all.filter(([, node]) => "index" in node)).toHaveLength(10_000);
      expect(all.length - 10_000).toBeLessThanOrEqual(20_000);
      const lists = all.reduce(
        (sum, [, node]) => sum + ("only" in node ? (node.only?.length ?? 0) : 0),
        0,
      );
      expect(lists).toBeLessThan(64 * 10_000 * 6);
    },
  );

  test("does not list entries that are too scattered for a URL", async () => {
    const names = Array.from({ length: 4000 }, (_, i) => `${i % 2 === 0 ? "even" : "odd"}/${i}`);
    const entries = names.map((name) => ({ name, size: 1 }));
    const { folders } = buildFileTree(entries, "en");
    expect(folders.map(({ only }) => only)).toEqual([undefined, undefined]);
    const list = fileList(buildFileTree(entries, "en"), entries.length, localeOf("en")).text;
    expect(
      list.match(/<input type="checkbox" disabled aria-label="Select the folder/g),
    ).toHaveLength(2);
  });

  test.each([
    ["a.PDF", "pdf"],
    ["a.tar.gz", "archive"],
    ["photo.jpeg", "image"],
    ["README", "other"],
    [".bashrc", "other"],
    ["a.constructor", "other"],
  ])("%s is of kind %s", (name, kind) => {
    expect(kindOf(name)).toBe(kind);
  });
});

test("the rate is that of the last seconds, and falls when no data arrives", () => {
  const meter = new RateMeter();
  meter.add(0, 1000);
  expect(meter.bytesPerSecond).toBeUndefined();
  meter.add(5_000, 2000);
  expect(meter.bytesPerSecond).toBe(5_000);
  meter.add(5_000, 6000);
  expect(meter.bytesPerSecond).toBe(1_000);
  for (let time = 7000; time <= 20_000; time += 1000) meter.add(5_000, time);
  expect(meter.bytesPerSecond).toBe(0);
});

describe("the page of a link", () => {
  test("shows what is in it, who made it, and until when it works", async () => {
    const { response, text } = await pageOf({ prefix: "" }, { title: "<Ours>", issuer: "K & S" });
    expect(response.status).toBe(200);
    expect(text).toContain("<h1><bdi>&lt;Ours&gt;</bdi></h1>");
    expect(text).toContain("<bdi>K &amp; S</bdi>");
    expect(text).toContain("<bdi>_b_&amp;&#39;_.txt</bdi>");
    expect(text).toContain("3 files");
    expect(text).toMatch(/<time datetime="[\d-]+T[\d:.]+Z">[^<]+ UTC<\/time>/);
  });

  test("has links that work under any path", async () => {
    const { text, token } = await pageOf({ prefix: "", name: "Q 1" });
    expect(text).toContain(`href="../zip/${token}/Q%201.zip"`);
    expect(text).not.toMatch(/(?:href|src|action)="(?!\.\.\/zip\/|data:)/);
  });

  test("has headers that keep its URL private and allow no foreign code", async () => {
    const { response } = await pageOf({ prefix: "" });
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "cache-control": "private, no-store",
      "content-type": "text/html; charset=utf-8",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-robots-tag": "noindex, nofollow",
    });
    const policy = headers["content-security-policy"] ?? "";
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/]+='; style-src 'sha256-/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test("has at most 40 KB besides its data, and current assets", async () => {
    const { whole } = await pageOf({ prefix: "" });
    expect(whole.includes(`<script type="module">${script}</script>`)).toBe(true);
    expect(whole.includes(`<style>${style}</style>`)).toBe(true);
    expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(40_000);
    const program = join(import.meta.dirname, "../../../scripts/build/page.ts");
    await promisify(execFile)(process.execPath, [program, "--check"]);
  });
});

describe("a link that does not open has a page that says so", () => {
  test.each<[string, number, string, () => ReturnType<typeof pageOf>]>([
    ["expired", 410, "expired", () => pageOf({ prefix: "" }, { expires: new Date(1000) })],
    ["missing", 404, "not_found", () => pageOf({ entries: [{ key: "nowhere" }] })],
    ["changed", 412, "precondition_failed", () => pageOf({ prefix: "", etag: '"other"' })],
    [
      "too large",
      422,
      "too_many_entries",
      () => pageOf({ entries: Array(11).fill({ key: "z.pdf" }) }),
    ],
  ])("%s: %i", async (_, status, code, open) => {
    const { response, text } = await open();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(text).toContain(
      `<h1>${(en.errors as Record<string, { title: string }>)[code]?.title}</h1>`,
    );
    expect(text).not.toContain("<script");
  });

  test("tampered: 401", async () => {
    const page = createPage(createLinkPresenter(handlerOptions(createMemorySource({}))), settings);
    const another = "another secret of thirty-two byte";
    const forged = await signLink({ prefix: "" }, { secret: another, expires: inAnHour() });
    const { response, text } = await openPage(page, forged);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(text).toContain("not valid");
    for (const token of [
      "nonsense",
      forged.slice(0, 100),
      `${forged}=`,
      forged.replace(".", " ."),
    ]) {
      const mangled = await openPage(page, token);
      expect(mangled.response.status).toBe(401);
      expect(mangled.text).toContain("cut off or mangled");
    }
  });
});

test("a defect behind the page is answered with 500 and logged with its place", async () => {
  vi.doMock("../../../functions/page/to-page.ts", () => ({
    presentAsPage: () => {
      throw new TypeError("of a-secret");
    },
  }));
  onTestFinished(() => void vi.doUnmock("../../../functions/page/to-page.ts"));
  const { get, events } = appOf(createMemorySource({ "a.txt": "a" }));
  const token = await signLink({ prefix: "" }, { secret, expires: inAnHour() });
  const response = await get(`/d/${token}`, { headers: { "X-Request-Id": "r-1" } });
  expect(response.status).toBe(500);
  expectDefectLogged(events);
});
