import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { readConfig } from "../../../functions/config/config.ts";
import { Formats, fill } from "../../../functions/page/formats.ts";
import { fillHtml, html } from "../../../functions/page/html.ts";
import { chooseLanguage, type Language, languages } from "../../../functions/page/languages.ts";
import { localeOf, translations } from "../../../functions/page/locale.ts";
import { appOf } from "../../support/apps.ts";
import { linkSecret as secret } from "../../support/secrets.ts";

const PLURAL_FORMS = ["zero", "one", "two", "few", "many", "other"];

/** Returns each text by its path; the forms of a plural are one text. */
function textsOf(value: object, path = ""): [string, string | Record<string, string>][] {
  return Object.entries(value).flatMap(([name, child]) => {
    const here = `${path}/${name}`;
    const isPlural = typeof child === "object" && "other" in child && name === "files";
    return typeof child === "string" || isPlural ? [[here, child]] : textsOf(child, here);
  });
}

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

const english = new Map(textsOf(translations.en));

describe.each(languages)("%s", (language) => {
  const texts = textsOf(translations[language]);

  test("has every text, with the placeholders of the English one", () => {
    expect(texts.map(([path]) => path)).toEqual([...english.keys()]);
    for (const [path, text] of texts) {
      const original = english.get(path) ?? "";
      if (typeof text === "string" && typeof original === "string") {
        expect(text.trim(), path).not.toBe("");
        expect(placeholders(text), path).toEqual(placeholders(original));
        expect(text, path).not.toMatch(/[<>&]|\s$|^\s| {2}/);
      }
    }
  });

  test("has the plural forms that its counts need", () => {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [path, text] of texts) {
      if (typeof text === "string") continue;
      expect(Object.keys(text).sort(), path).toEqual([...needed].sort());
      expect(PLURAL_FORMS).toEqual(expect.arrayContaining(Object.keys(text)));
      for (const form of Object.values(text))
        expect(["{count}", undefined]).toContain(placeholders(form)[0]);
    }
  });

  test("has a page of its own, whose texts the script gets", async () => {
    const { get } = appOf(createMemorySource({ "a/b.txt": "1" }));
    const expires = new Date(Date.now() + 60_000);
    const token = await signLink({ prefix: "" }, { secret, expires, issuer: "<b>" });
    const headers = { "Accept-Language": `xx, ${language};q=0.9, en;q=0.1` };
    const response = await get(`/d/${token}`, { headers });
    expect(response.headers.get("Content-Language")).toBe(language);
    expect(response.headers.get("Vary")).toBe("Accept-Language, Accept-Encoding");
    const text = await response.text();
    const { page, client, errors } = translations[language];
    expect(text).toContain(`<html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}">`);
    expect(text).toContain(page.download);
    expect(text).toContain(fill(page.from, { issuer: "<bdi>&lt;b&gt;</bdi>" }));
    const [, json = ""] =
      /<script type="application\/json" id="archive">(.*?)<\/script>/.exec(text) ?? [];
    expect(JSON.parse(json).texts).toEqual(client);
    expect(text).not.toMatch(/\{\w+\}(?!.*<\/script>)/s);
    const wrong = await get("/d/nonsense", { headers });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get("Content-Language")).toBe(language);
    expect(wrong.headers.get("Vary")).toBe("Accept-Language");
    expect(await wrong.text()).toContain(html`${errors.mangled.title}`.text);
  });
});

test("each file of texts is a language", () => {
  const folder = join(import.meta.dirname, "../../../functions/page/texts");
  const expected = languages.map((language) => `${language.toLowerCase()}.ts`).sort();
  expect(readdirSync(folder).sort()).toEqual(expected);
});

test.each<[string | null, readonly Language[], Language]>([
  [null, languages, "en"],
  ["", ["de", "fr"], "de"],
  ["fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", languages, "fr"],
  ["en;q=0.5, de;q=0.8", languages, "de"],
  ["de;q=0.8, fr;q=0.8", languages, "de"],
  ["pt-PT", languages, "pt-BR"],
  ["PT-br", languages, "pt-BR"],
  ["zh-Hans-CN", languages, "zh-CN"],
  ["da, nb;q=0.9", languages, "en"],
  ["de;q=0, fr;q=0.1", languages, "fr"],
  ["*", ["ja", "en"], "ja"],
  ["de", ["en", "fr"], "en"],
  ["__proto__, constructor", languages, "en"],
  [`${"x,".repeat(10_000)}de`, languages, "en"],
])("Accept-Language %j among %j gets %s", (header, offered, expected) => {
  expect(chooseLanguage(header, offered)).toBe(expected);
});

describe("formats", () => {
  test.each<[Language, number, string]>([
    ["en", 1, "1 byte"],
    ["en", 512, "512 bytes"],
    ["en", 999, "999 bytes"],
    ["en", 999_949, "999.9 kB"],
    ["en", 999_950, "1.0 MB"],
    ["en", 2e18, "2,000.0 PB"],
    ["de", 1_500_000_000, "1,5 GB"],
    ["fr", 55_100, "55,1 ko"],
  ])("%s: %i bytes are %s", (language, bytes, text) => {
    expect(new Formats(language).bytes(bytes).replace(/\s/gu, " ")).toBe(text);
  });

  test.each<[Language, number, string]>([
    ["en", 0.2, "1 second"],
    ["en", 59.4, "59 seconds"],
    ["en", 59.6, "1 minute"],
    ["en", 3590, "1 hour"],
    ["en", 10_000, "3 hours"],
    ["de", 600, "10 Minuten"],
    ["pl", 120, "2 minuty"],
  ])("%s: %d seconds are %s", (language, seconds, text) => {
    expect(new Formats(language).duration(seconds)).toBe(text);
  });

  test("only all of it is 100 %", () => {
    const formats = new Formats("en");
    expect([0, 0.5, 0.9999, 1].map((part) => formats.percent(part))).toEqual([
      "0%",
      "50%",
      "99%",
      "100%",
    ]);
  });

  test.each<[Language, readonly number[], readonly string[]]>([
    ["pl", [1, 2, 5, 22], ["1 plik", "2 pliki", "5 plików", "22 pliki"]],
    ["ar", [1, 2, 3, 11, 100], ["ملف واحد", "ملفان", "3 ملفات", "11 ملفًا", "100 ملف"]],
    ["de", [1, 10_000], ["1 Datei", "10.000 Dateien"]],
  ])("%s: plurals", (language, counts, expected) => {
    const { formats, texts } = localeOf(language);
    expect(counts.map((count) => formats.plural(texts.page.files, count))).toEqual(expected);
  });

  test("a value in a text is neither a placeholder nor HTML", () => {
    expect(fill("{a} and {b}", { a: "{b}", b: "$&" })).toBe("{b} and $&");
    expect(fill("{constructor}{x}", {})).not.toContain("native code");
    expect(fillHtml("{a} < {b}", { a: "{b}<", b: html`<i>${"&"}</i>` }).text).toBe(
      "{b}&lt; &lt; <i>&amp;</i>",
    );
  });
});

test("PAGE_LANGUAGES chooses the languages and the one for all other readers", async () => {
  const env = { SOURCE: "/tmp", LINK_SECRET: secret };
  expect(readConfig(env).page.languages).toEqual(languages);
  const { page } = readConfig({ ...env, PAGE_LANGUAGES: "de, pt-BR,de" });
  expect(page.languages).toEqual(["de", "pt-BR"]);
  expect(() => readConfig({ ...env, PAGE_LANGUAGES: "de,tlh" })).toThrow(
    /PAGE_LANGUAGES.* must be a list of these, separated by commas: en, de,/,
  );
  const { get } = appOf(createMemorySource({}), { page });
  const response = await get("/d/x", { headers: { "Accept-Language": "en" } });
  expect(response.headers.get("Content-Language")).toBe("de");
});
