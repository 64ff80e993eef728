import { toZiplinkError } from "../errors.ts";
import type { JwtKeys } from "../links/jwt-keys.ts";
import { type Link, verifyLink } from "../links/link.ts";
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
import { refuse } from "./refuse.ts";
import { type RequestScope, unrestrictedScope } from "./request-scope.ts";
import { downloadName } from "./respond.ts";

/** What archives are sent by, and what their links are verified with. */
export interface HandlerOptions extends ResolvedArchivesOptions {
  /** What links are verified with. */
  readonly linkKeys: JwtKeys;
  /** Where the requests of links are kept that are too long for a URL, if anywhere. */
  readonly manifests?: ManifestStore | undefined;
}

/** Answers a request for the archive of the link whose token is given. Never rejects. */
export type ArchiveHandler = (
  request: Request,
  token: string,
  scope?: RequestScope,
) => Promise<Response>;

/**
 * Joins the stages: link, plan, layout, bytes, response. Nothing behind it sees the request.
 *
 * @param archives those of the same options, where others send them too
 */
export function createHandler(
  options: HandlerOptions,
  archives: Archives = archivesOf(options),
): ArchiveHandler {
  const planner = archives.byLink;

  return async (request, token, scope = unrestrictedScope(options.audit)) => {
    let link: Link | undefined;
    try {
      link = await verifyLink(token, options.linkKeys, options.manifests, request.signal);
      await scope.admit(principalOf(link));
      return await answer(request, token, link, scope);
    } catch (error) {
      return refuse(request, error, link ? principalOf(link) : {}, scope.audit);
    }
  };

  async function answer(
    request: Request,
    token: string,
    link: Link,
    scope: RequestScope,
  ): Promise<Response> {
    const { plan: whole, isReused } = await planner.plan(token, link.spec, request.signal);
    assertPinned(link.spec, whole);
    const { searchParams } = new URL(request.url);
    const plan = selectEntries(whole, searchParams);
    if (searchParams.get("format") === "json") return describePlan(request, link, plan, options);
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
      // What the plan was made of is gone, and no byte is out yet: look again, once.
      if (isReused && isStale(error)) return answer(request, token, link, scope);
      throw error;
    }
  }
}

function principalOf({ id, subject }: Link): Principal {
  return { link: id, ...(subject === undefined ? {} : { subject }) };
}

function isStale(error: unknown): boolean {
  const { code } = toZiplinkError(error);
  return code === "changed" || code === "not_found";
}

/** What the archive is to hold, for programs: no keys, only the names that the ZIP shows anyway. */
function describePlan(
  request: Request,
  link: Link,
  plan: Plan,
  { cacheControl, responseLimits }: HandlerOptions,
): Response {
  const { length, etag } = layoutZip(plan);
  const { compression } = plan.format;
  const description = {
    filename: downloadName(link.spec.name),
    title: link.title,
    issuer: link.issuer,
    compression,
    // A compressed archive has no length before it was made.
    length: compression === "deflate" ? null : length,
    etag,
    // The longest range that one response can hold; null if there is no limit, or no ranges.
    slice:
      compression === "store" && Number.isFinite(responseLimits.maxResponseBytes)
        ? responseLimits.maxResponseBytes
        : null,
    expires: link.expires,
    entries: plan.entries.map(({ name, blob }) => ({
      name,
      size: blob.size,
      modified: blob.modified,
    })),
  };
  return new Response(request.method === "HEAD" ? null : JSON.stringify(description), {
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": cacheControl,
      "X-Content-Type-Options": "nosniff",
    },
  });
}
