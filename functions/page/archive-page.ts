import type { ArchiveDescription } from "../../core/http/describe-archive.ts";
import { formatBytes } from "../../core/input/quantities.ts";
import { htmlDocument } from "./document.ts";
import { fileList } from "./file-list.ts";
import { buildFileTree } from "./file-tree.ts";
import { type Html, html, jsonBlock } from "./html.ts";
import type { PageData } from "./page-data.ts";
import { lang, pageTexts } from "./texts.ts";

/**
 * Returns the page of an archive, as HTML. Its links are relative to `/d/{token}`, so that it works below any path.
 */
export function archivePage(archive: ArchiveDescription, token: string): string {
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
  };
  const tree = buildFileTree(entries, lang);
  const body = html`<main>
<header>
<h1><bdi>${title}</bdi></h1>
${archive.issuer === undefined ? undefined : html`<p class="from">${pageTexts.from} <bdi>${archive.issuer}</bdi></p>`}
${archive.message === undefined ? undefined : html`<p class="message">${archive.message}</p>`}
<p class="facts"><span>${pageTexts.files(tree.count)}</span> <span>${formatBytes(tree.size)}</span> <span>${pageTexts.worksUntil} ${time(archive.expires)}</span></p>
</header>
<div class="bar">
<div class="actions" id="actions">
<a class="button" id="download" href="${url}"><span>${pageTexts.download}</span> <small id="download-size">${length === null ? "ZIP" : `ZIP, ${formatBytes(length)}`}</small></a>
<button type="button" class="quiet" id="here" hidden>${pageTexts.downloadHere}</button>
</div>
<p class="note" id="notice" role="status"></p>
${slice !== null && length !== null && length > slice ? html`<noscript><p class="note">${pageTexts.needsScript(slice)}</p></noscript>` : undefined}
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
<h2 id="contents">${pageTexts.contents}</h2>
<p id="selection" role="status">${pageTexts.selectHint}</p>
<button type="button" class="plain" id="clear" hidden>${pageTexts.clearSelection}</button>
<noscript><button class="quiet">${pageTexts.downloadSelected}</button></noscript>
</div>
<input type="hidden" name="of" value="${etag.slice(1, -1)}">
${fileList(tree, entries.length)}
</form>
<footer><p>${pageTexts.footer}</p></footer>
</main>
${jsonBlock("archive", data)}`;
  return htmlDocument(title, body, true);
}

const utc = new Intl.DateTimeFormat(lang, {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

/** Returns a time in UTC, which the script converts to the reader's time zone. */
function time(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${utc.format(date)} UTC</time>`;
}
