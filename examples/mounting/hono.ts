/** Ziplink in a Hono application. */
import { Hono } from "hono";
import {
  type AppOptions,
  createApp,
  createArchives,
  describeProblem,
} from "../../functions/index.ts";
import { sendDocuments } from "./documents.ts";

/** Creates the application. `options.publicUrl` must end with `/files`, where the service is mounted. */
export function createHonoApp(options: AppOptions) {
  const archives = createArchives(options);
  const app = new Hono();

  // The service: links, their page and, with `auth`, POST /files/links. It answers its errors itself.
  app.mount("/files", createApp(options, archives));

  // A route of the application. What it throws goes to `onError`.
  app.get("/orders/:id/documents", ({ req }) => sendDocuments(archives, req.raw, req.param("id")));

  app.onError((error) => {
    const { status, detail, headers } = describeProblem(error);
    return Response.json({ error: detail }, { status, headers });
  });
  return app;
}
