import type { DatabaseSync } from "node:sqlite";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import { type BlobSource, layoutZip, plannedBytes } from "../../core/index.ts";
import { type App, createApp, createArchives, createAudit } from "../../functions/index.ts";
import { answerError } from "../shared/errors.ts";
import { type Member, requireMember } from "../shared/sessions.ts";
import { archiveOf, givenFor } from "./access-package.ts";
import { addMessage, findRequest, type PrivacyRequest } from "./database.ts";
import { type MessageOptions, writeMessage } from "./message.ts";

export interface AccessPackagesOptions extends MessageOptions {
  readonly db: DatabaseSync;
  /** Where the attachments' bytes are. */
  readonly source: BlobSource;
  /** Takes the audit events, too. */
  readonly logger: Logger;
}

const PACKAGE = "/api/v1/privacy-request/:id/access-package";

/** Packages of data that people have asked for: by a route for staff, and by links for those people. */
export function createAccessPackages(options: AccessPackagesOptions): App {
  const { db, source, logger, linkKeys, manifests } = options;
  const ziplink = {
    source,
    linkKeys,
    manifests,
    inlineEntries: (archive: Parameters<typeof givenFor>[1]) => givenFor(db, archive),
    audit: createAudit(logger),
  };
  // Both ways plan alike, so that they give the same bytes.
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
    // Pinned: the link gives this very package, or nothing.
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

  /** Throws 401, 403, 404 for what is not this workspace's, and 409 unless the request is complete. */
  function requireComplete(raw: Request, id: string) {
    const member = requireMember(db, raw, "privacy_officer");
    const request = findRequest(db, { id, workspaceId: member.workspaceId });
    if (!request) throw new HTTPException(404, { message: "Privacy request not found" });
    if (request.status !== "complete") {
      throw new HTTPException(409, {
        message: `There is an access package once the request is complete; its status is ${request.status}.`,
      });
    }
    return { member, request };
  }
}

function audited({ userId, workspaceId }: Member, { id }: PrivacyRequest) {
  return { user: userId, workspace: workspaceId, request: id };
}
