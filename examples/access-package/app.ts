import type { DatabaseSync } from "node:sqlite";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import { type BlobSource, layoutZip, plannedBytes } from "../../core/index.ts";
import { type App, createApp, createArchives, createAudit } from "../../functions/index.ts";
import { answerError } from "../shared/errors.ts";
import { type Member, requireMember } from "../shared/sessions.ts";
import { archiveOf, inlineEntriesFor } from "./access-package.ts";
import { addMessage, findRequest, type PrivacyRequest } from "./database.ts";
import { type MessageOptions, writeMessage } from "./message.ts";

export interface AccessPackagesOptions extends MessageOptions {
  readonly db: DatabaseSync;
  /** The source of the attachments' bytes. */
  readonly source: BlobSource;
  /** Receives the audit events too. */
  readonly logger: Logger;
}

const PACKAGE = "/api/v1/privacy-request/:id/access-package";

/**
 * Creates the application that sends packages of personal data: to staff by a route, to the people
 * themselves by links.
 */
export function createAccessPackages(options: AccessPackagesOptions): App {
  const { db, source, logger, linkKeys, manifests } = options;
  const ziplink = {
    source,
    linkKeys,
    manifests,
    inlineEntries: (spec: Parameters<typeof inlineEntriesFor>[1]) => inlineEntriesFor(db, spec),
    audit: createAudit(logger),
  };
  // Both share one planner, so that they give the same bytes.
  const archives = createArchives(ziplink);
  const links = createApp(ziplink, archives);
  const app = new Hono();

  app.get(`${PACKAGE}/stream`, async ({ req }) => {
    const { signal } = req.raw;
    const { member, request } = requireComplete(req.raw, req.param("id"));
    const spec = archiveOf(db, request);
    const plan = await archives.plan(spec, { signal });
    const principal = { subject: member.userId };
    const response = await archives.send(req.raw, { spec, plan, principal });
    logger.info(
      {
        ...audited(member, request),
        entries: plan.entries.length,
        bytes: plannedBytes(plan),
        status: response.status,
      },
      "access_package_requested",
    );
    return response;
  });

  app.post(`${PACKAGE}/message`, async ({ req }) => {
    const { member, request } = requireComplete(req.raw, req.param("id"));
    const spec = archiveOf(db, request);
    const plan = await archives.plan(spec, { signal: req.raw.signal });
    // Pinned: the link gives exactly this package, or nothing.
    const pinned = { ...spec, etag: layoutZip(plan).etag };
    const message = await writeMessage(request, pinned, options);
    addMessage(db, message);
    logger.info({ ...audited(member, request), message: message.id }, "access_package_announced");
    return Response.json({ message_id: message.id }, { status: 202 });
  });

  for (const path of ["/zip/*", "/d/*"]) app.all(path, ({ req }) => links(req.raw));
  app.notFound(() => answerError(new HTTPException(404, { message: "Not found" }), logger));
  app.onError((error) => answerError(error, logger));
  return async (request) => app.fetch(request);

  /**
   * Throws 401, 403 or 404 for a request outside the member's workspace, and 409 unless it is
   * complete.
   */
  function requireComplete(raw: Request, id: string) {
    const member = requireMember(db, raw, "privacy_officer");
    const request = findRequest(db, { id, workspaceId: member.workspaceId });
    if (!request) throw new HTTPException(404, { message: "Privacy request not found" });
    if (request.status !== "complete") {
      throw new HTTPException(409, {
        message: `The access package is available once the request is complete; its status is ${request.status}.`,
      });
    }
    return { member, request };
  }
}

function audited({ userId, workspaceId }: Member, { id }: PrivacyRequest) {
  return { user: userId, workspace: workspaceId, request: id };
}
