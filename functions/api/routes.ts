import type { Context, Hono } from "hono";
import { toZiplinkError } from "../../core/errors.ts";
import type { Auth, Caller } from "../../core/http/caller.ts";
import type { CallerArchives, MintedLink } from "../../core/http/caller-archives.ts";
import { refuse } from "../../core/http/refuse.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";
import { downloadName } from "../../core/http/respond.ts";
import type { PlanLimits } from "../../core/planning/plan-limits.ts";
import type { ScopedEnv } from "../protection/scopes.ts";
import {
  type ArchiveBodyOptions,
  linkFields,
  parseLinkBody,
  toArchiveSpec,
} from "./api-request.ts";
import type { BodyBudget, HeldBytes } from "./body-budget.ts";
import { readJson } from "./read-json.ts";

/** Options of the routes for callers. */
export interface ApiOptions extends ArchiveBodyOptions {
  /** Authenticates the caller that sent a request. */
  readonly auth: Auth;
  /** Public URL of the service, without a trailing slash. Default: the origin of the request. */
  readonly publicUrl?: string | undefined;
  /** Longest lifetime of a link, in seconds; a longer one is refused as `malformed`. */
  readonly maxLinkSeconds: number;
  /** Longest URL of a link that states its archive spec itself, in characters, where there are manifests. */
  readonly maxLinkLength: number;
  /** Largest request body, in bytes; a larger one is refused as `too_large`. */
  readonly maxBodyBytes: number;
  /** The memory for bodies, shared by all routes that read them. */
  readonly bodies: BodyBudget;
}

/** Adds the routes for callers: `POST /zip` for an archive, `POST /links` for a link to one. */
export function addApi(app: Hono<ScopedEnv>, archives: CallerArchives, options: ApiOptions): void {
  app.post("/zip", (context) =>
    answer(context, async (request, caller, body, scope) =>
      archives.send(request, caller, await toArchiveSpec(body, caller, options), scope),
    ),
  );

  app.post("/links", (context) =>
    answer(context, async (request, caller, body, scope) => {
      const { terms, archive: part } = parseLinkBody(body, options.maxLinkSeconds);
      const archive = await toArchiveSpec(part, caller, { ...options, besides: linkFields });
      const base = options.publicUrl ?? originOf(request);
      const filename = downloadName(archive.name);
      const around = `${base}/zip//${encodeURIComponent(filename)}`.length;
      const maxTokenLength = Math.max(0, options.maxLinkLength - around);
      const link = await archives.mint(
        request,
        caller,
        archive,
        { ...terms, maxTokenLength },
        scope,
      );
      return describeLink(link, base, filename, terms.expires);
    }),
  );

  /** Authenticates before it reads the body: an unknown client's body is never read. */
  async function answer(
    context: Context<ScopedEnv>,
    work: (
      request: Request,
      caller: Caller,
      body: unknown,
      scope: RequestScope,
    ) => Promise<Response>,
  ): Promise<Response> {
    const request = context.req.raw;
    const scope = context.get("scope");
    let caller: Caller | undefined;
    let held: HeldBytes | undefined;
    try {
      caller = await options.auth(request);
      await scope.admit({ subject: caller.id });
      held = options.bodies.hold(caller.id);
      const { maxBodyBytes, limits } = options;
      const body = await readJson(request, maxBodyBytes, maxValuesOf(limits), { held });
      return await work(request, caller, body, scope);
    } catch (error) {
      const principal = caller ? { subject: caller.id } : {};
      return refuse(request, error, principal, scope.audit, {
        headers: challenge(request, error),
      });
    } finally {
      held?.release();
    }
  }
}

/** Number of JSON values of a body with the most entries allowed, each with every possible field. */
export function maxValuesOf({ maxEntries }: PlanLimits): number {
  return 1_000 + 16 * maxEntries;
}

/** A request without credentials gets a challenge with no error information (RFC 6750, 3.1). */
export function challenge({ headers }: Request, error: unknown): Record<string, string> {
  const isWithout = toZiplinkError(error).code === "unauthorized" && !headers.has("Authorization");
  return isWithout ? { "WWW-Authenticate": "Bearer" } : {};
}

function describeLink(
  { token, entries, bytes }: MintedLink,
  base: string,
  filename: string,
  expires: Date,
): Response {
  const url = `${base}/zip/${token}/${encodeURIComponent(filename)}`;
  const page = `${base}/d/${token}`;
  return Response.json(
    { url, page, expires, entries, bytes },
    {
      status: 201,
      headers: { Location: url, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" },
    },
  );
}

/** Returns the origin that a request was sent to; a proxy that ends TLS sets `X-Forwarded-Proto`. */
export function originOf({ url, headers }: Request): string {
  const { host, protocol } = new URL(url);
  const isSecure = headers.get("X-Forwarded-Proto") === "https";
  return `${isSecure ? "https:" : protocol}//${host}`;
}
