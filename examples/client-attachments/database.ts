import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { sessionTables } from "../shared/sessions.ts";

/** Opens an empty database of the application, in memory or in a file. */
export function openDatabase(path = ":memory:"): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`
    ${sessionTables}
    CREATE TABLE clients (
      id TEXT PRIMARY KEY,
      workspace_id TEXT NOT NULL REFERENCES workspaces (id),
      deleted_at TEXT
    ) STRICT;
    CREATE TABLE attachments (
      id TEXT PRIMARY KEY,
      client_id TEXT NOT NULL REFERENCES clients (id),
      file_name TEXT NOT NULL,
      object_key TEXT NOT NULL UNIQUE,
      deleted_at TEXT
    ) STRICT;
    CREATE INDEX attachments_of_client ON attachments (client_id);
  `);
  return db;
}

const attachment = z.object({ fileName: z.string(), objectKey: z.string() });

export type Attachment = z.infer<typeof attachment>;

export interface Wanted {
  readonly workspaceId: string;
  readonly clientId: string;
  /** Without duplicates. */
  readonly ids: readonly string[];
}

/**
 * Returns those of `ids` that are attachments of the client, in their order. Rows of another
 * workspace or client, and deleted rows, never leave the database, so nothing can leak from them.
 */
export function findAttachments(
  db: DatabaseSync,
  { workspaceId, clientId, ids }: Wanted,
): Attachment[] {
  const rows = db
    .prepare(
      `SELECT attachments.file_name AS fileName, attachments.object_key AS objectKey
       FROM json_each(:ids) AS wanted
       JOIN attachments ON attachments.id = wanted.value
       JOIN clients ON clients.id = attachments.client_id
       WHERE clients.id = :clientId AND clients.workspace_id = :workspaceId
         AND attachments.deleted_at IS NULL AND clients.deleted_at IS NULL
       ORDER BY wanted.key`,
    )
    .all({ ids: JSON.stringify(ids), clientId, workspaceId });
  return z.array(attachment).parse(rows);
}
