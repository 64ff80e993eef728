import { toZiplinkError } from "../errors.ts";
import { digestToken, type JwtKeys } from "../links/jwt-keys.ts";
import { type Link, loadLink, type VerifiedToken, verifyLinkToken } from "../links/link.ts";
import type { ManifestStore } from "../links/manifest.ts";
import { selectEntries } from "../planning/select-entries.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import {
  type Archives,
  archivesOf,
  assertPinned,
  type ResolvedArchivesOptions,
} from "./archives.ts";
import type { Principal } from "./audit.ts";
import { type ArchiveDescription, describeArchive } from "./describe-archive.ts";
import { readParameters } from "./parameters.ts";
import type { Problem } from "./problem.ts";
import { refuse } from "./refuse.ts";
import { type RequestScope, unrestrictedScope } from "./request-scope.ts";
import { TextCache } from "./text-cache.ts";

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
  /** Returns the response for a valid link. */
  readonly description: (archive: ArchiveDescription) => Response | Promise<Response>;
  /** Returns the response to a refused request. */
  readonly problem: (problem: Problem) => Response;
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
  const planner = archives.byLink;
  const descriptions = new TextCache(options.cacheSeconds);

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
      return describeAsJson(request, token, link, plan);
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

  async function describeAsJson(
    request: Request,
    token: string,
    link: Link,
    plan: Plan,
  ): Promise<Response> {
    const response = await descriptions.respond(request, {
      key: [digestToken(token), layoutZip(plan).etag],
      render: () => JSON.stringify(describeArchive(link, plan, options.responseLimits)),
      headers: {
        "Content-Type": "application/json",
        "Cache-Control": options.cacheControl,
        "X-Content-Type-Options": "nosniff",
      },
    });
    return request.method === "HEAD" ? new Response(null, response) : response;
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
        return present.description(describeArchive(link, plan, options.responseLimits));
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
    return refuse(request, error, principal, scope.audit, present && { present });
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
