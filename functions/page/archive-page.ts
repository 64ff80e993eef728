import type { ArchiveDescription } from "../../core/http/describe-archive.ts";
import { brandFooter, htmlDocument } from "./document.ts";
import { fileList } from "./file-list.ts";
import { buildFileTree } from "./file-tree.ts";
import { fill } from "./formats.ts";
import { fillHtml, type Html, html, jsonBlock } from "./html.ts";
import type { Locale } from "./locale.ts";
import type { Look } from "./look.ts";
import type { PageData } from "./page-data.ts";

/**
 * Returns the page of an archive, as HTML. Its links are relative to `/d/{token}`, so that it works below any path.
 */
export function archivePage(archive: ArchiveDescription, token: string, look: Look): string {
  const { locale } = look;
  const { formats } = locale;
  const { page: texts, client } = locale.texts;
  const { filename, length, etag, slice, entries } = archive;
  const title = archive.title ?? filename.replace(/\.zip$/, "");
  const url = `../zip/${encodeURIComponent(token)}/${encodeURIComponent(filename)}`;
  const data: PageData = {
    url,
    filename,
    length,
    etag,
    slice,
    sizes: entries.map(({ size }) => size),
    texts: client,
  };
  const tree = buildFileTree(entries, locale.language);
  const body = html`<main>
<header>
<h1><bdi>${title}</bdi></h1>
${archive.issuer === undefined ? undefined : html`<p class="from">${fillHtml(texts.from, { issuer: html`<bdi>${archive.issuer}</bdi>` })}</p>`}
${archive.message === undefined ? undefined : html`<p class="message" dir="auto">${archive.message}</p>`}
<p class="facts"><span>${formats.plural(texts.files, tree.count)}</span> <span>${formats.bytes(tree.size)}</span> <span>${fillHtml(texts.worksUntil, { time: timeElement(archive.expires, locale) })}</span></p>
</header>
<div class="bar">
<div class="actions" id="actions">
<a class="button" id="download" href="${url}"><span>${texts.download}</span> <small id="download-size">${length === null ? "ZIP" : `ZIP, ${formats.bytes(length)}`}</small></a>
<button type="button" class="quiet" id="here" hidden>${texts.downloadHere}</button>
</div>
<p class="note" id="notice" role="status"></p>
${slice !== null && length !== null && length > slice ? html`<noscript><p class="note">${fill(texts.needsScript, { limit: formats.bytes(slice) })}</p></noscript>` : undefined}
<section class="transfer" id="transfer" aria-labelledby="transfer-state" hidden>
<h2 id="transfer-state" tabindex="-1"></h2>
<progress id="transfer-bar" max="1000" value="0" aria-labelledby="transfer-state"></progress>
<p class="transfer-facts" id="transfer-facts"></p>
<p id="transfer-message"></p>
<div class="actions" id="transfer-actions"></div>
<p class="unseen" role="status" id="transfer-live"></p>
</section>
</div>
<form action="${url}" method="get" aria-labelledby="contents">
<div class="contents-head">
<h2 id="contents">${texts.contents}</h2>
<p id="selection" role="status">${texts.selectHint}</p>
<button type="button" class="plain" id="clear" hidden>${texts.clearSelection}</button>
<noscript><button class="quiet">${texts.downloadSelected}</button></noscript>
</div>
<input type="hidden" name="of" value="${etag.slice(1, -1)}">
${fileList(tree, entries.length, locale)}
</form>
<footer><p>${texts.footer}</p>
${brandFooter(look)}</footer>
</main>
${jsonBlock("archive", data)}`;
  const from = archive.issuer === undefined ? [] : [fill(texts.from, { issuer: archive.issuer })];
  const summary = [...from, formats.plural(texts.files, tree.count), formats.bytes(tree.size)].join(
    " · ",
  );
  return htmlDocument(look, { title, summary, body, withScript: true });
}

/** Returns a time in UTC, which the script converts to the reader's time zone. */
export function timeElement(date: Date, { formats }: Locale): Html {
  return html`<time datetime="${date.toISOString()}">${formats.time(date, "UTC")} UTC</time>`;
}
