import type { ObjectLink } from "../../core/links/object-link.ts";
import { timeElement } from "./archive-page.ts";
import { brandFooter, htmlDocument } from "./document.ts";
import { fillHtml, html } from "./html.ts";
import type { Look } from "./look.ts";

/** Names of checksums, as people know them. */
const checksumNames: Readonly<Record<string, string>> = {
  crc32: "CRC-32",
  md5: "MD5",
  sha256: "SHA-256",
};

/** Returns the page of a delivered object: what it is, until when the link works, and a download. */
export function objectPage(
  { size, expires, checksums }: ObjectLink,
  filename: string,
  url: string,
  look: Look,
) {
  const { locale } = look;
  const { formats, texts } = locale;
  const until = fillHtml(texts.page.worksUntil, { time: timeElement(expires, locale) });
  const body = html`<main>
<header>
<h1><bdi>${filename}</bdi></h1>
<p class="facts"><span>${formats.bytes(size)}</span> <span>${until}</span></p>
</header>
<div class="bar"><div class="actions"><a class="button" href="${url}"><span>${texts.page.download}</span> <small>${formats.bytes(size)}</small></a></div></div>
${Object.entries(checksums).map(([name, value]) => html`<p class="facts"><span>${checksumNames[name] ?? name}</span> <code>${value}</code></p>`)}
<footer>${brandFooter(look)}</footer>
</main>`;
  const summary = formats.bytes(size);
  return htmlDocument(look, { title: filename, summary, body, withScript: false });
}
