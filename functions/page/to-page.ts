import type { Presenter } from "../../core/http/handler.ts";
import { archivePage } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import { pageHeaders } from "./headers.ts";

/** Presents the archive of a link, or the reason why it does not open, as a page. */
export function presentAsPage(token: string): Presenter {
  return {
    description: (archive) => new Response(archivePage(archive, token), { headers: pageHeaders }),
    problem: (problem) =>
      new Response(errorPage(problem), {
        status: problem.status,
        headers: { ...pageHeaders, ...problem.headers },
      }),
  };
}
