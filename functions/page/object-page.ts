import { formatBytes } from "../../core/input/quantities.ts";
import type { ObjectLink } from "../../core/links/object-link.ts";
import { htmlDocument } from "./document.ts";
import { type Html, html } from "./html.ts";
import { lang, pageTexts } from "./texts.ts";

const utc = new Intl.DateTimeFormat(lang, {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

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
) {
  const body = html`<main>
<header>
<h1><bdi>${filename}</bdi></h1>
<p class="facts"><span>${formatBytes(size)}</span> <span>${pageTexts.worksUntil} ${time(expires)}</span></p>
</header>
<div class="bar"><div class="actions"><a class="button" href="${url}"><span>${pageTexts.download}</span> <small>${formatBytes(size)}</small></a></div></div>
${Object.entries(checksums).map(([name, value]) => html`<p class="facts"><span>${checksumNames[name] ?? name}</span> <code>${value}</code></p>`)}
</main>`;
  return htmlDocument(filename, body, false);
}

function time(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${utc.format(date)} UTC</time>`;
}
