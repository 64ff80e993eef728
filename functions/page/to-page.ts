import type { Presenter } from "../../core/http/handler.ts";
import { archivePage } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import type { Language } from "./languages.ts";
import { lookOf } from "./look.ts";
import type { PageSettings } from "./page.ts";

/** Presents the archive of a link, or the reason why it does not open, as a page. */
export function presentAsPage(
  token: string,
  language: Language,
  settings: PageSettings,
): Presenter {
  const look = lookOf(language, settings);
  return {
    description: {
      name: `page ${language}`,
      headers: look.headers,
      render: (archive) => archivePage(archive, token, look),
    },
    problem: (problem, issuer) =>
      new Response(errorPage(problem, issuer, look), {
        status: problem.status,
        headers: { ...look.headers, ...problem.headers },
      }),
  };
}
