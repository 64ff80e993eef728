import type { LinkPresenter } from "../../core/http/handler.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";
import type { Brand } from "./brand.ts";
import { chooseLanguage, type Language } from "./languages.ts";

/** Answers a request for the page of the link with this token. */
export type PageHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/** How the page looks and reads. */
export interface PageSettings {
  /**
   * The languages to offer; the reader's browser chooses, and the first is for readers of no other. Default:
   * all, with English first.
   */
  readonly languages: readonly Language[];
  /** How the deployment presents itself, made by `createBrand`. Default: not at all. */
  readonly brand?: Brand | undefined;
}

/**
 * Creates the page that people see when they open a link: its archive, or why it does not open, with
 * the same status as `/zip/`. The rendering code is loaded with the first page, so that a cold start
 * that sends an archive does not wait for it.
 */
export function createPage(present: LinkPresenter, settings: PageSettings): PageHandler {
  return async (request, token, scope) => {
    const language = chooseLanguage(request.headers.get("Accept-Language"), settings.languages);
    const { presentAsPage } = await import("./to-page.ts");
    return present(request, token, presentAsPage(token, language, settings), scope);
  };
}
