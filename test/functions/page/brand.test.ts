import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { type SignLinkOptions, signLink } from "../../../core/links/link.ts";
import { readConfig } from "../../../functions/config/config.ts";
import { script } from "../../../functions/page/assets.generated.ts";
import { type BrandOptions, createBrand } from "../../../functions/page/brand.ts";
import { contrast, parseColor } from "../../../functions/page/contrast.ts";
import { languages } from "../../../functions/page/languages.ts";
import { logoUrl } from "../../../functions/page/logo.ts";
import { appOf } from "../../support/apps.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";

const SVG = 'xmlns="http://www.w3.org/2000/svg"';
const svg = (inner: string, attributes = "") => `<svg ${SVG} ${attributes}>${inner}</svg>`;

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
}

/** A PNG of one colour; its checksums are zero, which only matters to who decodes it. */
function png(width: number, height: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const data = chunk("IDAT", deflateSync(Buffer.alloc(width + 1)));
  return Buffer.concat([signature, chunk("IHDR", header), data, chunk("IEND", Buffer.alloc(0))]);
}

async function pageOf(
  brand: BrandOptions,
  link: Partial<Pick<SignLinkOptions, "title" | "issuer" | "message" | "expires">> = {},
  objects: Record<string, string> = { "a.txt": "1" },
) {
  const page = { languages, brand: createBrand(brand) };
  const { get } = appOf(createMemorySource(objects), { page });
  const expires = new Date(Date.now() + 60_000);
  const token = await signLink({ prefix: "" }, { secret, expires, ...link });
  const response = await get(`/d/${token}`);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Texts that would do harm in a page that took them for anything else. */
const hostile = [
  "<script>alert(1)</script>",
  "</script><script>alert(1)</script>",
  "</title><script>alert(1)</script>",
  "</style><script>alert(1)</script>",
  "<!--",
  "--><img src=x onerror=alert(1)>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  '"><b onclick=alert(1)>',
  "'><b onclick=alert(1)>",
  '" autofocus onfocus="alert(1)',
  "&lt;b&gt;",
  "&#60;b&#62;",
  "javascript:alert(1)",
  "{issuer}{title}{time}",
  "$".concat("{alert(1)}"),
  "$& $1 $` $'",
  "\u2028alert(1)\u2029",
  "<base href=//evil.example>",
  "<meta http-equiv=refresh content=0;url=//evil.example>",
  "<iframe srcdoc='<b>'>",
  "<a href='//evil.example'>here</a>",
  "<form action=//evil.example>",
  "<math><mi//xlink:href='data:x,<script>'>",
  "<![CDATA[<b>]]>",
  "<?php echo 1 ?>",
  "\\u003cscript\\u003e",
  "＜script＞",
  "<\u0000script>",
];

describe.each(hostile)("the hostile text %j", (text) => {
  test.each(["title", "issuer", "message", "name", "footer", "file"])(
    "stays text as %s",
    async (place) => {
      const harmless = "harmless";
      const at = (value: string) => {
        const link = { title: "t", issuer: "i", message: "m" };
        if (place in link) return pageOf({}, { ...link, [place]: value });
        if (place === "file")
          return pageOf({}, { title: "t" }, { [`${value.replaceAll("/", "_")}.txt`]: "" });
        return pageOf({ [place]: value });
      };
      const [page, plain] = await Promise.all([at(text), at(harmless)]);
      expect(page.status).toBe(200);
      // The same elements and attributes as with a harmless text, whatever the text is.
      const skeleton = (html: string) =>
        [...html.replace(script, "").matchAll(/<([^\s>]*)([^>]*)>?/g)].map(
          ([, tag, attributes = ""]) => [tag, ...attributes.replace(/"[^"]*"/g, "").split(/\s+/)],
        );
      expect(skeleton(page.text)).toEqual(skeleton(plain.text));
      expect(page.headers.get("Content-Security-Policy")).not.toMatch(/unsafe|\*|https?:/);
    },
  );
});

describe("a logo", () => {
  test.each<[string, string | Buffer]>([
    ["a PNG", png(16, 16)],
    ["a drawing", svg('<title>Ours &amp; more</title><path d="M0 0h9v9z" fill="#123"/>')],
    [
      "an XML declaration",
      `<?xml version="1.0" encoding="UTF-8"?>\n<!-- made here -->${svg("<g/>")}\n`,
    ],
    ["a gradient of its own", svg('<defs><linearGradient id="a"/></defs><rect fill="url(#a)"/>')],
    ["a use of its own", svg('<use href="#a"/>')],
  ])("may be %s", (_, logo) => {
    expect(logoUrl(Buffer.from(logo as string))).toMatch(
      /^data:image\/(?:png|svg\+xml);base64,[\w+/]+=*$/,
    );
  });

  const tooLong = svg(`<path d="${"M0 0".repeat(10_000)}"/>`);
  test.each<[string, string | Buffer, RegExp]>([
    ["a script", svg("<script>alert(1)</script>"), /element "script"/],
    ["a script in another case", svg("<SCRIPT>alert(1)</SCRIPT>"), /element "SCRIPT"/],
    [
      "a script with a prefix",
      svg("<s:script/>", 'xmlns:s="http://www.w3.org/2000/svg"'),
      /element "s:script"/,
    ],
    ["foreign content", svg("<foreignObject><b/></foreignObject>"), /element "foreignObject"/],
    ["a style sheet", svg("<style>@import url(//evil)</style>"), /element "style"/],
    ["a picture in it", svg('<image href="//evil/x.png"/>'), /element "image"/],
    ["an animation", svg('<set attributeName="href" to="javascript:1"/>'), /element "set"/],
    ["a link", svg('<a href="javascript:alert(1)"/>'), /element "a"/],
    ["an iframe", svg("<iframe/>"), /element "iframe"/],
    ["onload", svg("<g/>", 'onload="alert(1)"'), /event handler "onload"/],
    ["ONCLICK", svg('<path ONCLICK = "alert(1)"/>'), /event handler "ONCLICK"/],
    ["a use of another file", svg('<use href="//evil/x.svg#a"/>'), /reference to elsewhere/],
    ["a use with xlink", svg('<use xlink:href="data:image/svg+xml,x"/>'), /reference to elsewhere/],
    [
      "a fill from elsewhere",
      svg('<rect fill="url(https://evil/x#a)"/>'),
      /reference to elsewhere/,
    ],
    ["a style with a URL", svg('<rect style="fill:url( //evil )"/>'), /reference to elsewhere/],
    ["an escaped URL", svg('<rect style="fill:u\\72l(//evil)"/>'), /value of "style"/],
    ["an import", svg('<rect style="@import x"/>'), /value of "style"/],
    ["a javascript: value", svg('<rect fill="javascript:alert(1)"/>'), /value of "fill"/],
    ["a base", svg("<g/>", 'xml:base="//evil/"'), /attribute "xml:base"/],
    ["a filter", svg('<rect filter="x"/>'), /attribute "filter"/],
    [
      "a document type",
      `<!DOCTYPE svg [<!ENTITY a "b">]>${svg("")}`,
      /neither a PNG nor an SVG|markup other/,
    ],
    ["an entity", svg("<text>&a;</text>"), /an entity/],
    ["a character reference", svg('<rect fill="&#106;avascript"/>'), /an entity/],
    ["a processing instruction", svg('<?xml-stylesheet href="//evil"?>'), /markup other/],
    ["CDATA", svg("<text><![CDATA[<script/>]]></text>"), /markup other/],
    ["an attribute without quotes", svg("<g onload=alert(1)>"), /markup other/],
    ["a tag in an attribute", svg('<g id="<script>"/>'), /markup other/],
    ["an open comment", `${svg("<g/>")}<!-- `, /markup other|after its end/],
    ["a script after the end", `${svg("<g/>")}<script/>`, /after its end/],
    ["an element never closed", `<svg ${SVG}><g>`, /well-formed/],
    ["elements that overlap", `<svg ${SVG}><g></svg></g>`, /well-formed/],
    ["HTML", "<html><script>alert(1)</script></html>", /neither a PNG nor an SVG/],
    ["text", "hello", /neither a PNG nor an SVG/],
    ["nothing", "", /neither a PNG nor an SVG/],
    ["a GIF", Buffer.from("GIF89a\xff\xfe", "latin1"), /neither a PNG nor an SVG/],
    ["UTF-16", Buffer.from(`\uFEFF${svg("<script/>")}`, "utf16le"), /neither a PNG nor an SVG/],
    ["a PNG cut short", png(16, 16).subarray(0, 40), /whole PNG/],
    ["a PNG with HTML behind it", Buffer.concat([png(9, 9), Buffer.from("<script>")]), /whole PNG/],
    ["a PNG that unpacks to gigabytes", png(60_000, 60_000), /60000 by 60000 pixels/],
    ["a long SVG", tooLong, /has 40\d+ bytes; the limit is 32768/],
    ["many open tags", `<svg ${SVG}${" a".repeat(15_000)}`, /markup other/],
  ])("may not have or be %s", (_, logo, reason) => {
    const bytes = typeof logo === "string" ? Buffer.from(logo) : logo;
    expect(() => logoUrl(bytes)).toThrow(reason);
    expect(() => createBrand({ name: "Ours", logo: bytes })).toThrow(reason);
  });
});

describe("colours", () => {
  test.each<[string, BrandOptions, RegExp]>([
    [
      "a light one",
      { color: "#ffcc00" },
      /color has|contrast of 1\.5 to 1 with white.*#[0-9a-f]{6} would do/,
    ],
    ["a dark one for dark pages", { color: "#123456", darkColor: "#123456" }, /with dark pages/],
    ["no colour", { color: "red;}</style><script>" }, /must be a colour such as/],
    ["one for dark pages alone", { darkColor: "#ffffff" }, /needs a color for light pages/],
  ])("refuses %s", (_, options, reason) => {
    expect(() => createBrand(options)).toThrow(reason);
  });

  test.each(["#000000", "#1d5fc4", "#b3261e", "#767676", "#0b6e4f"])(
    "%s can be read in light and dark, as text and as a button",
    (color) => {
      const { rules } = createBrand({ color });
      const found = [
        ...rules.matchAll(/--accent:(#\w+);--accent-strong:(#\w+);--on-accent:(#\w+)/g),
      ];
      expect(found).toHaveLength(2);
      for (const [i, [, accent = "", strong = "", on = ""]] of found.entries()) {
        const parse = (text: string) => parseColor(text) ?? [0, 0, 0];
        const card = parse(i === 0 ? "#ffffff" : "#181c22");
        for (const [one, other] of [
          [parse(accent), card],
          [parse(accent), parse(on)],
          [parse(strong), parse(on)],
        ] as const) {
          expect(contrast(one, other)).toBeGreaterThanOrEqual(4.5);
        }
      }
    },
  );

  test("contrast is that of WCAG's examples", () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
  });
});

test("a brand shows its name, logo, help and footer, and has a policy for its colours", async () => {
  const logo = Buffer.from(svg("<g/>"));
  const brand = {
    ...{ name: "Kiefer & Söhne", logo, color: "#0b6e4f", footer: "Since 1911" },
    supportUrl: "https://help.example/?a=1&b=2",
  };
  const { text, headers } = await pageOf(brand, { title: "Plans", issuer: "Anna" });
  expect(text).toContain(`<img src="${logoUrl(logo)}" alt="Kiefer &amp; Söhne">`);
  expect(text).toContain('<meta property="og:site_name" content="Kiefer &amp; Söhne">');
  expect(text).toContain('<meta property="og:title" content="Plans">');
  expect(text).toContain('<meta property="og:description" content="From Anna · 1 file · 1 byte">');
  expect(text).toContain('<a href="https://help.example/?a=1&amp;b=2" rel="noreferrer">Help</a>');
  expect(text).toContain("Since 1911");
  expect(text).toContain("--accent:#0b6e4f");
  const plain = await pageOf({});
  const policy = headers.get("Content-Security-Policy");
  expect(policy).not.toBe(plain.headers.get("Content-Security-Policy"));
  expect(policy).not.toMatch(/unsafe/);
});

test("an error page names the sender of a genuine link, and where to ask for another", async () => {
  const brand = { name: "Ours", requestUrl: "mailto:office@example.com" };
  const expires = new Date(1000);
  const expired = await pageOf(brand, { issuer: "<Anna>", expires });
  expect(expired.status).toBe(410);
  expect(expired.text).toContain("From <bdi>&lt;Anna&gt;</bdi>");
  expect(expired.text).toContain('<div class="brand" role="banner"><bdi>Ours</bdi></div>');
  expect(expired.text).toContain(
    'href="mailto:office@example.com" rel="noreferrer">Request a new link</a>',
  );
  const gone = await pageOf(brand, { issuer: "Anna" }, {});
  expect(gone.status).toBe(404);
  expect(gone.text).toContain("From <bdi>Anna</bdi>");
  const { get } = appOf(createMemorySource({}), { page: { languages, brand: createBrand(brand) } });
  const another = "another secret of thirty-two byte";
  const forged = await signLink({ prefix: "" }, { secret: another, expires, issuer: "Bank" });
  expect(await (await get(`/d/${forged}`)).text()).not.toContain("Bank");
});

describe("the settings", () => {
  const env = { SOURCE: "/tmp", LINK_SECRET: secret };

  test("make a brand, with a logo from a file or a data: URL", async () => {
    const folder = await makeFolder();
    try {
      const file = join(folder, "logo.svg");
      await writeFile(file, svg("<g/>"));
      const fromFile = readConfig({ ...env, PAGE_NAME: "Ours", PAGE_LOGO: file }).page.brand;
      const fromUrl = readConfig({ ...env, PAGE_NAME: "Ours", PAGE_LOGO: fromFile?.logo }).page
        .brand;
      expect(fromFile?.logo).toMatch(/^data:image\/svg/);
      expect(fromUrl).toEqual(fromFile);
    } finally {
      await removeFolder(folder);
    }
    expect(readConfig(env).page.brand).toBeUndefined();
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ PAGE_COLOR: "#ffcc00" }, /PAGE_COLOR has a contrast of 1\.5 to 1 with white/],
    [{ PAGE_COLOR_DARK: "#fff" }, /PAGE_COLOR_DARK needs a color/],
    [
      { PAGE_LOGO: "/nowhere/logo.svg" },
      /PAGE_LOGO names a file that cannot be read|PAGE_LOGO needs a name/,
    ],
    [
      { PAGE_NAME: "x", PAGE_LOGO: "/nowhere/logo.svg" },
      /PAGE_LOGO names a file that cannot be read/,
    ],
    [{ PAGE_NAME: "x", PAGE_LOGO: "data:text/html,x" }, /PAGE_LOGO must be base64 of a PNG or SVG/],
    [{ PAGE_NAME: "x".repeat(101) }, /PAGE_NAME must have 1 to 100 characters/],
    [{ PAGE_FOOTER: " " }, /PAGE_FOOTER must have 1 to 300 characters/],
    [
      { PAGE_SUPPORT_URL: "javascript:alert(1)" },
      /PAGE_SUPPORT_URL must be a URL that begins with https/,
    ],
    [
      { PAGE_REQUEST_URL: "http://a.example" },
      /PAGE_REQUEST_URL must be a URL that begins with https/,
    ],
    [{ PAGE_REQUEST_URL: "https://user@a.example" }, /PAGE_REQUEST_URL must be a URL/],
  ])("%j is refused at the start", (settings, reason) => {
    expect(() => readConfig({ ...env, ...settings })).toThrow(reason);
  });
});
