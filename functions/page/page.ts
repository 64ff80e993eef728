import type { ArchiveHandler } from "../../core/http/handler.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";

/** Answers a request for the page of the link whose token is given. */
export type PageHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/**
 * The page that a person sees who opens a link: the archive's description, as programs get it too, or what is
 * wrong with the link, under the same status. What makes it is loaded by the first page: a cold start that
 * sends an archive need not wait for it.
 */
export function createPage(archive: ArchiveHandler): PageHandler {
  return async (request, token, scope) => {
    const { toPage } = await import("./to-page.ts");
    const { url, signal } = request;
    const description = new Request(`${url.split("?")[0]}?format=json`, { signal });
    return toPage(await archive(description, token, scope), token);
  };
}
