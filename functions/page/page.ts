import * as z from "zod";
import type { ArchiveHandler } from "../../core/handler.ts";
import type { RequestScope } from "../../core/request-scope.ts";
import { archivePage, descriptionSchema } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import { pageHeaders } from "./headers.ts";

const problemSchema = z.object({ code: z.string() });

/** What a client is told beside the page. */
const KEPT_HEADERS = ["Retry-After", "WWW-Authenticate"];

/** Answers a request for the page of the link whose token is given. */
export type PageHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/**
 * The page that a person sees who opens a link: the archive's description, as programs get it too, or what is
 * wrong with the link, under the same status.
 */
export function createPage(archive: ArchiveHandler): PageHandler {
  return async (request, token, scope) => {
    const { url, signal } = request;
    const answer = await archive(
      new Request(`${url.split("?")[0]}?format=json`, { signal }),
      token,
      scope,
    );
    const { status } = answer;
    if (status === 200) {
      const page = archivePage(descriptionSchema.parse(await answer.json()), token);
      return new Response(page, { headers: pageHeaders });
    }
    const { code } = problemSchema.parse(await answer.json());
    const kept = KEPT_HEADERS.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const headers = { ...pageHeaders, ...Object.fromEntries(kept) };
    return new Response(errorPage(status, code), { status, headers });
  };
}
