import { htmlDocument } from "./document.ts";
import { html } from "./html.ts";
import { errorTexts, pageTexts } from "./texts.ts";

/** Answers that another attempt may change. */
const isPassing = (status: number) => status === 409 || status === 429 || status >= 500;

/** The page for a link that does not open: what that means, and what to do. */
export function errorPage(status: number, code: string): string {
  const { title, text } = errorTexts[code] ?? errorTexts.other ?? { title: "", text: "" };
  // A link to the page itself loads it anew, with and without a script.
  const again = html`<p><a class="button" href="">${pageTexts.tryAgain}</a></p>`;
  const body = html`<main class="error">
<h1>${title}</h1>
<p>${text}</p>
${isPassing(status) ? again : undefined}
</main>`;
  return htmlDocument(title, body, false);
}
