import type { LinkPresenter } from "../../core/http/handler.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";

/** Answers a request for the page of the link with this token. */
export type PageHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/**
 * Creates the page that people see when they open a link: its archive, or why it does not open, with
 * the same status as `/zip/`. The rendering code is loaded with the first page, so that a cold start
 * that sends an archive does not wait for it.
 */
export function createPage(present: LinkPresenter): PageHandler {
  return async (request, token, scope) => {
    const { presentAsPage } = await import("./to-page.ts");
    return present(request, token, presentAsPage(token), scope);
  };
}
