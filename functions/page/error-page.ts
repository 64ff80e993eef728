import type { Problem } from "../../core/http/problem.ts";
import { htmlDocument } from "./document.ts";
import { html } from "./html.ts";
import { errorTexts, pageTexts } from "./texts.ts";

/** Whether another attempt may succeed. */
const isPassing = (status: number) => status === 409 || status === 429 || status >= 500;

/** Returns the page for a link that does not open: what is wrong, and what to do. */
export function errorPage({ status, code, details }: Problem): string {
  const { title, text } = errorTexts[String(details.reason ?? code)] ??
    errorTexts.other ?? { title: "", text: "" };
  // An empty `href` reloads the page, with or without JavaScript.
  const again = html`<p><a class="button" href="">${pageTexts.tryAgain}</a></p>`;
  const body = html`<main class="error">
<h1>${title}</h1>
<p>${text}</p>
${isPassing(status) ? again : undefined}
</main>`;
  return htmlDocument(title, body, false);
}
