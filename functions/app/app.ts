import { type Context, Hono } from "hono";
import { ZiplinkError } from "../../core/errors.ts";
import { type Archives, archivesOf } from "../../core/http/archives.ts";
import type { Audit } from "../../core/http/audit.ts";
import { createCallerArchives } from "../../core/http/caller-archives.ts";
import {
  type ArchiveHandler,
  createHandler,
  createLinkPresenter,
} from "../../core/http/handler.ts";
import { problemResponse } from "../../core/http/problem.ts";
import { refuse } from "../../core/http/refuse.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";
import { addApi } from "../api/routes.ts";
import { answerMetrics } from "../observability/metrics-route.ts";
import { createPage } from "../page/page.ts";
import { archiveCors, securityHeaders } from "../protection/headers.ts";
import { createGate } from "../protection/limits.ts";
import { requestIds } from "../protection/request-ids.ts";
import { type ScopedEnv, scopes } from "../protection/scopes.ts";
import type { AppOptions } from "./app-options.ts";
import { resolveAppOptions } from "./with-defaults.ts";

/** The service as a web-standard function, for whatever speaks fetch. */
export type App = (request: Request) => Promise<Response>;

const READING = ["GET", "HEAD"];

/**
 * The routes: archives by link, a page for people, a health check and, where callers can be told,
 * archives and links for callers. What is not given has the default of the setting of its name; see
 * docs/SETTINGS.md.
 *
 * @param own archives of the same options, where the application sends them by routes of its own too
 */
export function createApp(appOptions: AppOptions, own?: Archives): App {
  const { corsOrigins, auth, protection, metrics, ...options } = resolveAppOptions(appOptions);
  const archives = own ?? archivesOf(options);
  const archive: ArchiveHandler = createHandler(options, archives);
  const page = createPage(createLinkPresenter(options, archives));
  const sendArchive = ({ req, get }: Context<ScopedEnv>) =>
    archive(req.raw, req.param("token") ?? "", get("scope"));

  const app = new Hono<ScopedEnv>();
  app.use(securityHeaders(options.publicUrl?.startsWith("https:") ?? false), requestIds());
  // Who watches over the service is answered also when it is busy.
  app.get("/healthz", (c) => c.text("ok\n", 200, { "Cache-Control": "no-store" }));
  if (metrics) app.get("/metrics", ({ req }) => answerMetrics(req.raw, metrics));
  // Before what may refuse a request: a page sees no more of an answer than these fields let it.
  if (corsOrigins.length > 0) app.use("/zip/:token/:filename?", archiveCors(corsOrigins));
  app.use(scopes({ ...protection, audit: options.audit, gate: createGate(protection) }));
  // Hono answers HEAD by the route of GET; the handler sees the method and opens nothing.
  app.get("/zip/:token", sendArchive);
  app.get("/zip/:token/:filename", sendArchive);
  app.get("/d/:token", ({ req, get }) => page(req.raw, req.param("token"), get("scope")));
  const readable = ["/zip/:token", "/zip/:token/:filename", "/d/:token", "/healthz"];
  for (const path of metrics ? [...readable, "/metrics"] : readable) {
    app.all(path, () => methodNotAllowed(READING));
  }
  if (auth) {
    addApi(app, createCallerArchives({ ...options, archives }), { ...options, auth });
    for (const path of ["/zip", "/links"]) app.all(path, () => methodNotAllowed(["POST"]));
  }
  app.notFound(() => problemResponse(new ZiplinkError("not_found", "There is nothing here.")));
  app.onError((error, { req, get }) => {
    // Whoever watches over the service is answered outside of scopes.
    const scope: RequestScope | undefined = get("scope");
    const audit: Audit = (event) => options.audit({ ...event, requestId: get("requestId") });
    return refuse(req.raw, error, {}, scope?.audit ?? audit);
  });
  return async (request) => app.fetch(request);
}

function methodNotAllowed(allowed: readonly string[]): Response {
  return problemResponse(
    new ZiplinkError("method_not_allowed", `Use ${allowed.join(" or ")}.`, {
      headers: { Allow: allowed.join(", ") },
    }),
  );
}
