import type { DatabaseSync } from "node:sqlite";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import * as z from "zod";
import { type BlobSource, describeProblem, plannedBytes } from "../../core/index.ts";
import { type App, createArchives, createAudit, readJson } from "../../functions/index.ts";
import { answerError, validate } from "../shared/errors.ts";
import { requireMember } from "../shared/sessions.ts";
import { findAttachments } from "./database.ts";

const MAX_FILES = 50;
const MB = 1_000_000;
const limits = { maxEntries: MAX_FILES, maxBytes: 100 * MB };
const MAX_BODY_BYTES = 16_000;

const selection = z.strictObject({
  // SQLite compares UUIDs as text, and those in the database are in lower case.
  attachment_ids: z
    .array(z.uuid().overwrite((id) => id.toLowerCase()))
    .min(1, "Select at least one file")
    .max(MAX_FILES, `Select at most ${MAX_FILES} files`),
});

export interface ClientAttachmentsOptions {
  readonly db: DatabaseSync;
  /** The source of the attachments' bytes. */
  readonly source: BlobSource;
  /** Receives the audit events too. */
  readonly logger: Logger;
  /** The clock for the names of downloads. Default: the system's. */
  readonly now?: () => Date;
}

/** Creates the application that sends the attachments of a workspace's clients. */
export function createClientAttachments(options: ClientAttachmentsOptions): App {
  const { db, source, logger, now = () => new Date() } = options;
  const archives = createArchives({ source, audit: createAudit(logger) });
  const app = new Hono();

  app.post("/api/v1/clients/:clientId/attachments/download-multiple", async ({ req }) => {
    const request = req.raw;
    const { userId, workspaceId } = requireMember(db, request, "advisor");
    const { attachment_ids } = validate(selection, await readJson(request, MAX_BODY_BYTES));
    const clientId = req.param("clientId").toLowerCase();
    const ids = [...new Set(attachment_ids)];
    const attachments = findAttachments(db, { workspaceId, clientId, ids });
    if (attachments.length < ids.length) throw notFound();

    const spec = {
      name: `client-files-${stamp(now())}`,
      entries: attachments.map(({ objectKey, fileName }) => ({ key: objectKey, name: fileName })),
    };
    const { signal } = request;
    const plan = await archives.plan(spec, { limits, signal }).catch(rethrow);
    const principal = { subject: userId };
    const response = await archives.send(request, { spec, plan, principal }).catch(rethrow);
    logger.info(
      {
        user: userId,
        workspace: workspaceId,
        client: clientId,
        count: ids.length,
        ids,
        bytes: plannedBytes(plan),
      },
      "attachments_download",
    );
    return response;
  });

  app.notFound(() => answerError(new HTTPException(404, { message: "Not found" }), logger));
  app.onError((error) => answerError(error, logger));
  return async (request) => app.fetch(request);
}

/** Throws the reason why an archive could not be made, in this route's words. */
function rethrow(error: unknown): never {
  const { code, details } = describeProblem(error);
  if (code === "not_found") throw notFound();
  if (code === "too_large") {
    // Rounded up, so that a total above the limit never reads like the limit.
    const total = Math.ceil(Number(details.total) / (MB / 10)) / 10;
    throw new HTTPException(413, {
      message: `Total file size exceeds 100 MB limit. Selected files total ${total} MB. Please select fewer files.`,
    });
  }
  throw error;
}

/** Returns the same error for whatever is missing, deleted or someone else's. */
function notFound(): HTTPException {
  return new HTTPException(404, {
    message: "One or more attachments not found or do not belong to this client",
  });
}

/** Returns the time in UTC, as `20261123_093000`. */
function stamp(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
}
