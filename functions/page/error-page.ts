import type { Problem } from "../../core/http/problem.ts";
import { htmlDocument } from "./document.ts";
import { html } from "./html.ts";
import type { Locale } from "./locale.ts";

/** Whether another attempt may succeed. */
const isPassing = (status: number) => status === 409 || status === 429 || status >= 500;

/** Returns the page for a link that does not open: what is wrong, and what to do. */
export function errorPage({ status, code, details }: Problem, locale: Locale): string {
  const { errors, page } = locale.texts;
  const stated = String(details.reason ?? code);
  // For people, it is the same whether the store or the service itself is busy.
  const reason = stated === "too_many_requests" ? "throttled" : stated;
  const { title, text } =
    Object.entries(errors).find(([name]) => name === reason)?.[1] ?? errors.other;
  // An empty `href` reloads the page, with or without JavaScript.
  const again = html`<p><a class="button" href="">${page.tryAgain}</a></p>`;
  const body = html`<main class="error">
<h1>${title}</h1>
<p>${text}</p>
${isPassing(status) ? again : undefined}
</main>`;
  return htmlDocument(locale, title, body, false);
}
