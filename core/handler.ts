import { type Archives, type ArchivesOptions, assertPinned, createArchives } from "./archives.ts";
import type { AuditedParty } from "./audit.ts";
import { toZiplinkError } from "./errors.ts";
import type { JwtKeys } from "./jwt-keys.ts";
import { type Link, verifyLink } from "./link.ts";
import type { ManifestStore } from "./manifest.ts";
import type { Plan } from "./plan.ts";
import { refuse } from "./refuse.ts";
import { openScope, type RequestScope } from "./request-scope.ts";
import { downloadName } from "./respond.ts";
import { selectEntries } from "./select-entries.ts";
import { layoutZip } from "./zip/layout.ts";

/** What archives are sent by, and what their links are verified with. */
export interface HandlerOptions extends ArchivesOptions {
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
  archives: Archives = createArchives(options),
): ArchiveHandler {
  const planner = archives.byLink;

  return async (request, token, scope = openScope(options.audit)) => {
    let link: Link | undefined;
    try {
      link = await verifyLink(token, options.linkKeys, options.manifests, request.signal);
      await scope.admit(partyOf(link));
      return await answer(request, token, link, scope);
    } catch (error) {
      return refuse(request, error, link ? partyOf(link) : {}, scope.audit);
    }
  };

  async function answer(
    request: Request,
    token: string,
    link: Link,
    scope: RequestScope,
  ): Promise<Response> {
    const { plan: whole, isReused } = await planner.plan(token, link.request, request.signal);
    assertPinned(link.request, whole);
    const { searchParams } = new URL(request.url);
    const plan = selectEntries(whole, searchParams);
    if (searchParams.get("format") === "json") return describePlan(request, link, plan, options);
    const onFailed = () => planner.forget(token);
    try {
      const archive = link.request;
      return await archives.send(request, { archive, plan, party: partyOf(link), scope, onFailed });
    } catch (error) {
      if (isStale(error)) planner.forget(token);
      // What the plan was made of is gone, and no byte is out yet: look again, once.
      if (isReused && isStale(error)) return answer(request, token, link, scope);
      throw error;
    }
  }
}

function partyOf({ id, subject }: Link): AuditedParty {
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
  { cacheControl, delivery }: HandlerOptions,
): Response {
  const { length, etag } = layoutZip(plan);
  const { compression } = plan.format;
  const description = {
    filename: downloadName(link.request.name),
    title: link.title,
    issuer: link.issuer,
    compression,
    // A compressed archive has no length before it was made.
    length: compression === "deflate" ? null : length,
    etag,
    // The longest range that one response can hold; null if there is no limit, or no ranges.
    slice:
      compression === "store" && Number.isFinite(delivery.maxResponseBytes)
        ? delivery.maxResponseBytes
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
