import type { LinkPresenter } from "../../core/http/handler.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";
import { TextCache } from "../../core/http/text-cache.ts";

/** Answers a request for the page of the link with this token. */
export type PageHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/** Options of `createPage`. */
export interface PageOptions {
  /** How long a page is reused, in seconds, like a plan; 0 means never. */
  readonly cacheSeconds: number;
}

/**
 * Creates the page that people see when they open a link: its archive, or why it does not open, with
 * the same status as `/zip/`. The rendering code is loaded with the first page, so that a cold start
 * that sends an archive does not wait for it. A page is rendered and compressed once, and reused as
 * long as its plan is.
 */
export function createPage(present: LinkPresenter, { cacheSeconds }: PageOptions): PageHandler {
  const pages = new TextCache(cacheSeconds);
  return async (request, token, scope) => {
    const { presentAsPage } = await import("./to-page.ts");
    return present(request, token, presentAsPage(request, token, pages), scope);
  };
}
