/** Ziplink in an Express 5 application. */
import express, { type NextFunction, type Request, type Response } from "express";
import {
  type AppOptions,
  createApp,
  createArchives,
  createNodeListener,
  describeProblem,
} from "../../functions/index.ts";
import { sendDocuments } from "./documents.ts";

/** Creates the application. `options.publicUrl` must end with `/files`, where the service is mounted. */
export function createExpressApp(options: AppOptions) {
  const archives = createArchives(options);
  const ziplink = createApp(options, archives);
  const app = express();
  app.use(express.json({ limit: "5mb" }));

  // The service: links, their page and, with `auth`, POST /files/links. It answers its errors itself.
  app.use("/files", (request, response, next) =>
    createNodeListener(ziplink, { onError: next })(request, response),
  );

  // A route of the application. What it throws goes to `next`.
  app.get("/orders/:id/documents", (request, response, next) =>
    createNodeListener((web) => sendDocuments(archives, web, request.params.id), {
      onError: next,
    })(request, response),
  );

  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    // The connection of a response that fails midway has been broken. Nothing can be answered.
    if (response.headersSent) return next(error);
    const { status, detail, headers } = describeProblem(error);
    return response.status(status).set(headers).json({ error: detail });
  });
  return app;
}
