import { toZiplinkError } from "../errors.ts";
import type { JwtKeys } from "../links/jwt-keys.ts";
import {
  issuerOfExpired,
  type Link,
  loadLink,
  type VerifiedToken,
  verifyLinkToken,
} from "../links/link.ts";
import type { ManifestStore } from "../links/manifest.ts";
import { selectEntries } from "../planning/select-entries.ts";
import {
  type Archives,
  archivesOf,
  assertPinned,
  type ResolvedArchivesOptions,
} from "./archives.ts";
import type { Principal } from "./audit.ts";
import { readParameters } from "./parameters.ts";
import type { Problem } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { type RequestScope, unrestrictedScope } from "./request-scope.ts";
import { type DescriptionForm, sendDescription } from "./send-description.ts";

/** Options of `createHandler`. */
export interface HandlerOptions extends ResolvedArchivesOptions {
  /** The keys that verify links. */
  readonly linkKeys: JwtKeys;
  /** Keeps specs that are too long for a URL. Default: links to such specs are refused. */
  readonly manifests?: ManifestStore | undefined;
}

/** Responds to a request for the archive of the link with the given token. Never rejects. */
export type ArchiveHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/** Makes the responses to requests about links, given plain data. */
export interface Presenter {
  /** The form in which the archive of a valid link is described. */
  readonly description: DescriptionForm;
  /** Returns the response to a refused request; `issuer` is the maker of the link, if it is genuine and names one. */
  readonly problem: (problem: Problem, issuer?: string) => Response;
}

/** Responds to a request about a link with `present`. Rejects only if `present.problem` throws. */
export type LinkPresenter = (
  request: Request,
  token: string,
  present: Presenter,
  scope?: RequestScope,
) => Promise<Response>;

/**
 * Creates the handler that joins the stages: link, plan, layout, bytes, response. No later stage sees the
 * request.
 *
 * @param archives the archives of the same options, if they are shared with others
 */
export function createHandler(
  options: HandlerOptions,
  archives: Archives = archivesOf(options),
): ArchiveHandler {
  const { byLink: planner, renditions } = archives;
  const shared = { responseLimits: options.responseLimits, renditions };
  const json = jsonForm(options);

  return (request, token, scope = unrestrictedScope(options.audit)) =>
    withLink(request, token, scope, options, (link) => answer(request, token, link, scope));

  async function answer(
    request: Request,
    token: string,
    link: Link,
    scope: RequestScope,
  ): Promise<Response> {
    const { plan: whole, isReused } = await planner.plan(token, link.spec, request.signal);
    assertPinned(link.spec, whole);
    const parameters = readParameters(request.url);
    const plan = selectEntries(whole, parameters);
    if (parameters.get("format") === "json") {
      return sendDescription(request, { ...shared, form: json, link, token, plan, scope });
    }
    const onFailed = () => planner.forget(token);
    try {
      const { spec } = link;
      return await archives.send(request, {
        spec,
        plan,
        principal: principalOf(link),
        scope,
        onFailed,
      });
    } catch (error) {
      if (isStale(error)) planner.forget(token);
      // An object of a cached plan has changed and nothing has been sent: make a new plan, once.
      if (isReused && isStale(error)) return answer(request, token, link, scope);
      throw error;
    }
  }
}

/**
 * Creates a handler that describes the archives of links, in a form that the application or the page
 * chooses. Shares plans with `createHandler` if both are given the same `archives`.
 */
export function createLinkPresenter(
  options: HandlerOptions,
  archives: Archives = archivesOf(options),
): LinkPresenter {
  return (request, token, present, scope = unrestrictedScope(options.audit)) =>
    withLink(
      request,
      token,
      scope,
      options,
      async (link) => {
        const { plan } = await archives.byLink.plan(token, link.spec, request.signal);
        assertPinned(link.spec, plan);
        const { responseLimits } = options;
        const { renditions } = archives;
        const form = present.description;
        const description = { form, link, token, plan, responseLimits, renditions, scope };
        return sendDescription(request, description);
      },
      present.problem,
    );
}

/** Verifies the link, admits its principal and responds with `work`; refuses the request if any step fails. */
async function withLink(
  request: Request,
  token: string,
  scope: RequestScope,
  { linkKeys, manifests }: HandlerOptions,
  work: (link: Link) => Promise<Response>,
  present?: Presenter["problem"],
): Promise<Response> {
  let link: VerifiedToken | undefined;
  try {
    link = await verifyLinkToken(token, linkKeys);
    await scope.admit(principalOf(link));
    return await work(await loadLink(link, manifests, request.signal));
  } catch (error) {
    const principal = link ? principalOf(link) : {};
    const issuer = link?.issuer ?? issuerOfExpired(error);
    const options = present && { present: (problem: Problem) => present(problem, issuer) };
    return refuse(request, error, principal, scope.audit, options);
  }
}

function principalOf({ id, subject, caller }: Omit<Link, "spec">): Principal {
  return {
    link: id,
    ...(subject === undefined ? {} : { subject }),
    ...(caller === undefined ? {} : { caller }),
  };
}

function isStale(error: unknown): boolean {
  const { code } = toZiplinkError(error);
  return code === "changed" || code === "not_found";
}

function jsonForm({ cacheControl }: HandlerOptions): DescriptionForm {
  return {
    name: "json",
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": cacheControl,
      "X-Content-Type-Options": "nosniff",
    },
    render: (archive) => JSON.stringify(archive),
  };
}
