import type { Presenter } from "../../core/http/handler.ts";
import { archivePage } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import { pageHeaders } from "./headers.ts";
import type { Language } from "./languages.ts";
import { localeOf } from "./locale.ts";

/** Presents the archive of a link, or the reason why it does not open, as a page. */
export function presentAsPage(token: string, language: Language): Presenter {
  const locale = localeOf(language);
  const headers = { ...pageHeaders, "Content-Language": language };
  return {
    description: {
      name: `page ${language}`,
      headers,
      render: (archive) => archivePage(archive, token, locale),
    },
    problem: (problem) =>
      new Response(errorPage(problem, locale), {
        status: problem.status,
        headers: { ...headers, ...problem.headers },
      }),
  };
}
