import type { Problem } from "../../core/http/problem.ts";
import { brandFooter, htmlDocument } from "./document.ts";
import { fillHtml, html } from "./html.ts";
import type { Look } from "./look.ts";

/** Whether another attempt may succeed. */
const isPassing = (status: number) => status === 409 || status === 429 || status >= 500;

/** Returns the page for a link that does not open: whose it is, what is wrong, and what to do. */
export function errorPage(
  { status, code, details }: Problem,
  issuer: string | undefined,
  look: Look,
): string {
  const { errors, page } = look.locale.texts;
  const stated = String(details.reason ?? code);
  // For people, it is the same whether the store or the service itself is busy.
  const reason = stated === "too_many_requests" ? "throttled" : stated;
  const { title, text } =
    Object.entries(errors).find(([name]) => name === reason)?.[1] ?? errors.other;
  const { requestUrl } = look.brand;
  // An empty `href` reloads the page, with or without JavaScript.
  const again = html`<p><a class="button" href="">${page.tryAgain}</a></p>`;
  const another =
    requestUrl === undefined
      ? undefined
      : html`<p><a class="button" href="${requestUrl}" rel="noreferrer">${page.requestNew}</a></p>`;
  const body = html`<main class="error">
<h1>${title}</h1>
${issuer === undefined ? undefined : html`<p class="from">${fillHtml(page.from, { issuer: html`<bdi>${issuer}</bdi>` })}</p>`}
<p>${text}</p>
${isPassing(status) ? again : another}
<footer>${brandFooter(look)}</footer>
</main>`;
  return htmlDocument(look, { title, summary: text, body, withScript: false });
}
