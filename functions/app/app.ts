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
import { BodyBudget } from "../api/body-budget.ts";
import { addApi } from "../api/routes.ts";
import { answerMetrics } from "../observability/metrics-route.ts";
import { createPage } from "../page/page.ts";
import { archiveCors, securityHeaders } from "../protection/headers.ts";
import { createGate } from "../protection/limits.ts";
import { requestIds } from "../protection/request-ids.ts";
import { type ScopedEnv, scopes } from "../protection/scopes.ts";
import type { AppOptions } from "./app-options.ts";
import { redirectFromMail } from "./mail-links.ts";
import { resolveAppOptions } from "./with-defaults.ts";

/** The service as a web-standard fetch handler, for any platform that uses `Request` and `Response`. */
export type App = (request: Request) => Promise<Response>;

const READING = ["GET", "HEAD"];

/**
 * Creates the routes: archives by link, a page for people, a health check and, with `auth`, archives
 * and links for callers. An option that is omitted has the default of the setting of the same name;
 * see docs/SETTINGS.md.
 *
 * @param own archives of the same options, if the application also sends them from its own routes
 */
export function createApp(appOptions: AppOptions, own?: Archives): App {
  const resolved = resolveAppOptions(appOptions);
  const { corsOrigins, auth, protection, metrics, deliveries, ...options } = resolved;
  const archives = own ?? archivesOf(options);
  const archive: ArchiveHandler = createHandler(options, archives);
  const page = createPage(createLinkPresenter(options, archives), options.page);
  const sendArchive = ({ req, get }: Context<ScopedEnv>) =>
    archive(req.raw, req.param("token") ?? "", get("scope"));

  const app = new Hono<ScopedEnv>();
  app.use(securityHeaders(options.publicUrl?.startsWith("https:") ?? false), requestIds());
  // Monitoring must get an answer even when the service is busy, so these routes precede the limits.
  app.get("/healthz", (c) => c.text("ok\n", 200, { "Cache-Control": "no-store" }));
  if (metrics) app.get("/metrics", ({ req }) => answerMetrics(req.raw, metrics));
  // Must precede everything that may refuse a request: a page cannot read a refusal without CORS.
  if (corsOrigins.length > 0) app.use("/zip/:token/*", archiveCors(corsOrigins));
  app.use(scopes({ ...protection, audit: options.audit, gate: createGate(protection) }));
  app.use(async ({ req }, next) => redirectFromMail(req.raw) ?? next());
  // Hono routes HEAD to the GET route; the handler checks the method and opens no object.
  app.get("/zip/:token", sendArchive);
  // Anything may follow the token: a file name, or what a mail program makes of it.
  app.get("/zip/:token/*", sendArchive);
  app.get("/d/:token", ({ req, get }) => page(req.raw, req.param("token"), get("scope")));
  const readable = ["/zip/:token", "/zip/:token/*", "/d/:token", "/healthz"];
  for (const path of metrics ? [...readable, "/metrics"] : readable) {
    app.all(path, () => methodNotAllowed(READING));
  }
  if (auth) {
    const bodies = new BodyBudget();
    addApi(app, createCallerArchives({ ...options, archives }), { ...options, auth, bodies });
    for (const path of ["/zip", "/links"]) app.all(path, () => methodNotAllowed(["POST"]));
    if (deliveries) {
      deliveries(app, { ...options, auth, bodies });
      for (const path of ["/o/:token", "/o/:token/*"])
        app.all(path, () => methodNotAllowed(READING));
      app.all("/deliveries", () => methodNotAllowed(["GET", "POST"]));
      app.all("/deliveries/:id", () => methodNotAllowed(["GET", "DELETE"]));
    }
  }
  app.notFound(() =>
    problemResponse(new ZiplinkError("not_found", "There is nothing at this URL.")),
  );
  app.onError((error, { req, get }) => {
    // Monitoring routes run before scopes, so they have none.
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
