import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { type Archives, createArchives } from "../core/archives.ts";
import type { Auth } from "../core/caller.ts";
import { createCallerArchives } from "../core/caller-archives.ts";
import { ZiplinkError } from "../core/errors.ts";
import { type ArchiveHandler, createHandler, type HandlerOptions } from "../core/handler.ts";
import { problemResponse } from "../core/problem.ts";
import { type ApiOptions, addApi } from "./api.ts";
import { type DefaultOptions, withDefaults } from "./app-defaults.ts";
import { createPage } from "./page/page.ts";

export interface AppOptions extends HandlerOptions, Omit<ApiOptions, "auth"> {
  /** Tells who sends `POST /zip` and `POST /links`; without it there are no such routes. */
  readonly auth?: Auth | undefined;
  /** Origins whose pages may fetch archives; `["*"]` for all, `[]` for none. */
  readonly corsOrigins: readonly string[];
}

/** The service as a web-standard function, for whatever speaks fetch. */
export type App = (request: Request) => Promise<Response>;

const READING = ["GET", "HEAD"];

/**
 * The routes: archives by link, a page for people, a health check and, where callers can be told, archives and links for
 * callers. What is not given has the default of the setting of its name; see the README.
 *
 * @param own archives of the same options, where the application sends them by routes of its own too
 */
export function createApp(given: DefaultOptions, own?: Archives): App {
  const { corsOrigins, auth, ...options } = withDefaults(given);
  const archives = own ?? createArchives(options);
  const archive: ArchiveHandler = createHandler(options, archives);
  const page = createPage(archive);
  const sendArchive = ({ req }: Context) => archive(req.raw, req.param("token") ?? "");

  const app = new Hono();
  if (corsOrigins.length > 0) {
    app.use(
      "/zip/*",
      cors({
        origin: corsOrigins.includes("*") ? "*" : [...corsOrigins],
        allowMethods: READING,
        allowHeaders: ["Range", "If-Range", "If-Match", "If-None-Match"],
        exposeHeaders: [
          "Accept-Ranges",
          "Content-Disposition",
          "Content-Length",
          "Content-Range",
          "ETag",
          "Ziplink-Length",
        ],
        maxAge: 3600,
      }),
    );
  }
  // Hono answers HEAD by the route of GET; the handler sees the method and opens nothing.
  app.get("/zip/:token", sendArchive);
  app.get("/zip/:token/:filename", sendArchive);
  app.get("/d/:token", ({ req }) => page(req.raw, req.param("token")));
  app.get("/healthz", (c) => c.text("ok\n", 200, { "Cache-Control": "no-store" }));
  for (const path of ["/zip/:token", "/zip/:token/:filename", "/d/:token", "/healthz"]) {
    app.all(path, () => methodNotAllowed(READING));
  }
  if (auth) {
    addApi(app, createCallerArchives({ ...options, archives }), { ...options, auth });
    for (const path of ["/zip", "/links"]) app.all(path, () => methodNotAllowed(["POST"]));
  }
  app.notFound(() => problemResponse(new ZiplinkError("not_found", "There is nothing here.")));
  app.onError((error) => problemResponse(error));
  return async (request) => app.fetch(request);
}

function methodNotAllowed(allowed: readonly string[]): Response {
  const message = `Use ${allowed.join(" or ")}.`;
  return problemResponse(new ZiplinkError("method_not_allowed", message), {
    Allow: allowed.join(", "),
  });
}
