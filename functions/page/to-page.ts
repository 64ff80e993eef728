import type { Presenter } from "../../core/http/handler.ts";
import { archivePage } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import { pageHeaders } from "./headers.ts";

/** Presents the archive of a link, or the reason why it does not open, as a page. */
export function presentAsPage(token: string): Presenter {
  return {
    description: {
      name: "page",
      headers: pageHeaders,
      render: (archive) => archivePage(archive, token),
    },
    problem: (problem) =>
      new Response(errorPage(problem), {
        status: problem.status,
        headers: { ...pageHeaders, ...problem.headers },
      }),
  };
}
