import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { ZiplinkError } from "../core/errors.ts";
import { type ArchiveHandler, createHandler, type HandlerOptions } from "../core/handler.ts";
import { problemResponse } from "../core/problem.ts";
import { createPage } from "./page/page.ts";

export interface AppOptions extends HandlerOptions {
  /** Origins whose pages may fetch archives; `["*"]` for all, `[]` for none. */
  readonly corsOrigins: readonly string[];
}

/** The service as a web-standard function, for whatever speaks fetch. */
export type App = (request: Request) => Promise<Response>;

const READING = ["GET", "HEAD"];

/** The routes: archives by link, a page for people, and a health check. */
export function createApp({ corsOrigins, ...options }: AppOptions): App {
  const archive: ArchiveHandler = createHandler(options);
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
    app.all(path, methodNotAllowed);
  }
  app.notFound(() => problemResponse(new ZiplinkError("not_found", "There is nothing here.")));
  app.onError((error) => problemResponse(error));
  return async (request) => app.fetch(request);
}

function methodNotAllowed(): Response {
  return problemResponse(new ZiplinkError("method_not_allowed", "Use GET or HEAD."), {
    Allow: READING.join(", "),
  });
}
