import type { LinkPresenter } from "../../core/http/handler.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";

/** Answers a request for the page of the link whose token is given. */
export type PageHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/**
 * The page that a person sees who opens a link: its archive, or why there is none, under the same
 * status. The code that renders it is loaded by the first page, so that a cold start that sends an
 * archive need not wait for it.
 */
export function createPage(present: LinkPresenter): PageHandler {
  return async (request, token, scope) => {
    const { presentAsPage } = await import("./to-page.ts");
    return present(request, token, presentAsPage(token), scope);
  };
}
