import type { Presenter } from "../../core/http/handler.ts";
import type { TextCache } from "../../core/http/text-cache.ts";
import { digestToken } from "../../core/links/jwt-keys.ts";
import { archivePage } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import { pageHeaders } from "./headers.ts";

/** Presents the archive of a link, or the reason why it does not open, as a page. */
export function presentAsPage(request: Request, token: string, pages: TextCache): Presenter {
  return {
    description: (archive) =>
      pages.respond(request, {
        key: [digestToken(token), archive.etag],
        render: () => archivePage(archive, token),
        headers: pageHeaders,
      }),
    problem: (problem) =>
      new Response(errorPage(problem), {
        status: problem.status,
        headers: { ...pageHeaders, ...problem.headers },
      }),
  };
}
