import type { DatabaseSync } from "node:sqlite";
import type { BlobSource } from "../../core/index.ts";
import { addMember } from "../shared/sessions.ts";

/**
 * Makes every object of `source` an attachment of one client. Returns the ids and the session token
 * that are needed to request them.
 */
export async function seed(db: DatabaseSync, source: BlobSource) {
  const workspaceId = crypto.randomUUID();
  const clientId = crypto.randomUUID();
  db.prepare("INSERT INTO workspaces VALUES (?, 'Kiefer & Söhne')").run(workspaceId);
  db.prepare("INSERT INTO clients VALUES (?, ?, NULL)").run(clientId, workspaceId);
  const token = addMember(db, { userId: crypto.randomUUID(), workspaceId, role: "advisor" });
  const attachmentIds: string[] = [];
  const insert = db.prepare("INSERT INTO attachments VALUES (?, ?, ?, ?, NULL)");
  for await (const { key } of source.list("")) {
    const id = crypto.randomUUID();
    insert.run(id, clientId, key.slice(key.lastIndexOf("/") + 1), key);
    attachmentIds.push(id);
  }
  return { clientId, token, attachmentIds };
}
