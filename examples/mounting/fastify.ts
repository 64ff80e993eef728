/** Ziplink in a Fastify 5 application. */
import { type FastifyReply, type FastifyRequest, fastify } from "fastify";
import {
  type App,
  type AppOptions,
  createApp,
  createArchives,
  createNodeListener,
  describeProblem,
} from "../../functions/index.ts";
import { sendDocuments } from "./documents.ts";

/** Creates the application. `options.publicUrl` must end with `/files`, where the service is mounted. */
export function createFastifyApp(options: AppOptions) {
  const archives = createArchives(options);
  const ziplink = createApp(options, archives);
  const app = fastify();

  // The service: links, their page and, with `auth`, POST /files/links. It answers its errors itself.
  app.register(
    async (files) => {
      // The service reads bodies itself, once it knows who sends them, and up to `maxBodyBytes`.
      files.removeAllContentTypeParsers();
      files.addContentTypeParser("*", (_request, _body, done) => done(null));
      files.all("/*", (request, reply) => {
        request.raw.url = request.url.slice(files.prefix.length);
        return send(ziplink, request, reply);
      });
    },
    { prefix: "/files" },
  );

  // A route of the application. What it throws goes to the error handler.
  app.get<{ Params: { id: string } }>("/orders/:id/documents", (request, reply) =>
    send((web) => sendDocuments(archives, web, request.params.id), request, reply),
  );

  app.setErrorHandler((error, _request, reply) => {
    const { status, detail, headers } = describeProblem(error);
    return reply.code(status).headers(headers).send({ error: detail });
  });
  return app;
}

/** Answers a request by an app. Rejects with what the app throws; nothing has been answered then. */
async function send(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // A parser that has run left the body at `request.body`, not at the raw request.
  const incoming = Object.assign(request.raw, { body: request.body });
  await new Promise<void>((resolve, reject) => {
    createNodeListener(app, { onError: reject })(incoming, reply.raw).then(resolve, reject);
  });
  return reply.hijack();
}
