import { script, style } from "./assets.generated.ts";
import { type Content, Html, html } from "./html.ts";
import type { Locale } from "./locale.ts";

/** A download arrow, in colours that stand out on light and dark tabs alike. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%231d5fc4'/%3E%3Cpath d='M8 3v7m0 0 3-3m-3 3L5 7M4 13h8' fill='none' stroke='%23fff' stroke-width='1.6' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/** Returns a document with this body. Style and script are inline, for a single request and a single version. */
export function htmlDocument(
  { language, direction }: Locale,
  title: string,
  body: Content,
  withScript: boolean,
): string {
  return html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${new Html(style)}</style>
</head>
<body>
${body}
${withScript ? html`<script type="module">${new Html(script)}</script>` : undefined}
</body>
</html>
`.text;
}
