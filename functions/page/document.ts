import { script } from "./assets.generated.ts";
import type { Brand } from "./brand.ts";
import { type Content, Html, html } from "./html.ts";
import type { Look } from "./look.ts";

/** A download arrow on the brand's colour. */
const iconOf = (color: string) =>
  `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%23${color.slice(1)}'/%3E%3Cpath d='M8 3v7m0 0 3-3m-3 3L5 7M4 13h8' fill='none' stroke='%23fff' stroke-width='1.6' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E`;

/** A document to render. */
export interface DocumentParts {
  readonly title: string;
  /** A sentence for previews of the link in chats and mail. */
  readonly summary: string;
  readonly body: Content;
  readonly withScript: boolean;
}

/**
 * Returns a document, between the brand's name and its footer. Style and script are inline, for a single request
 * and a single version.
 */
export function htmlDocument({ locale, brand, style }: Look, parts: DocumentParts): string {
  const { title, summary, body, withScript } = parts;
  const { language, direction } = locale;
  return html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<meta property="og:type" content="website">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${summary}">
${brand.name === undefined ? undefined : html`<meta property="og:site_name" content="${brand.name}">`}
<title>${title}</title>
<link rel="icon" href="${iconOf(brand.color)}">
<style>${new Html(style)}</style>
</head>
<body>
${brandHeader(brand)}
${body}
${withScript ? html`<script type="module">${new Html(script)}</script>` : undefined}
</body>
</html>
`.text;
}

function brandHeader({ name, logo }: Brand): Html | undefined {
  if (name === undefined) return undefined;
  const shown =
    logo === undefined ? html`<bdi>${name}</bdi>` : html`<img src="${logo}" alt="${name}">`;
  return html`<div class="brand" role="banner">${shown}</div>`;
}

/** Returns the brand's own words at the end of a page, and where to get help. */
export function brandFooter({ locale, brand }: Look): Html {
  const { footer, supportUrl } = brand;
  return html`${footer === undefined ? undefined : html`<p dir="auto">${footer}</p>`}
${supportUrl === undefined ? undefined : html`<p><a href="${supportUrl}" rel="noreferrer">${locale.texts.page.support}</a></p>`}`;
}
