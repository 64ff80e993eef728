import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { sessionTables } from "../shared/sessions.ts";

/** Opens an empty database of the application, in memory or in a file. */
export function openDatabase(path = ":memory:"): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`
    ${sessionTables}
    CREATE TABLE privacy_requests (
      id TEXT PRIMARY KEY,
      workspace_id TEXT NOT NULL REFERENCES workspaces (id),
      status TEXT NOT NULL
        CHECK (status IN ('pending', 'in_processing', 'complete', 'denied', 'canceled', 'error')),
      email TEXT NOT NULL,
      completed_at TEXT,
      CHECK (status <> 'complete' OR completed_at IS NOT NULL)
    ) STRICT;
    CREATE TABLE records (
      request_id TEXT NOT NULL REFERENCES privacy_requests (id),
      system TEXT NOT NULL,
      field TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (request_id, system, field)
    ) STRICT;
    CREATE TABLE attachments (
      id TEXT PRIMARY KEY,
      request_id TEXT NOT NULL REFERENCES privacy_requests (id),
      file_name TEXT NOT NULL,
      description TEXT NOT NULL,
      deleted_at TEXT
    ) STRICT;
    CREATE INDEX attachments_of_request ON attachments (request_id);
    CREATE TABLE outbox (
      id TEXT PRIMARY KEY,
      request_id TEXT NOT NULL REFERENCES privacy_requests (id),
      recipient TEXT NOT NULL,
      subject TEXT NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
  `);
  return db;
}

const privacyRequest = z.object({
  id: z.string(),
  organisation: z.string(),
  status: z.string(),
  email: z.string(),
  completedAt: z.string().nullable(),
});
const collectedRecord = z.object({ system: z.string(), field: z.string(), value: z.string() });
const attachment = z.object({ id: z.string(), fileName: z.string(), description: z.string() });

export type PrivacyRequest = z.infer<typeof privacyRequest>;
export type CollectedRecord = z.infer<typeof collectedRecord>;
export type Attachment = z.infer<typeof attachment>;

const SELECT_REQUEST = `
  SELECT privacy_requests.id, workspaces.name AS organisation, status, email, completed_at AS completedAt
  FROM privacy_requests JOIN workspaces ON workspaces.id = workspace_id`;

/** Returns the request with this id, if it belongs to the workspace. */
export function findRequest(
  db: DatabaseSync,
  { id, workspaceId }: { readonly id: string; readonly workspaceId: string },
): PrivacyRequest | undefined {
  const row = db
    .prepare(`${SELECT_REQUEST} WHERE privacy_requests.id = ? AND workspace_id = ?`)
    .get(id, workspaceId);
  return row && privacyRequest.parse(row);
}

/**
 * Returns the request with this id while its package may be downloaded. For links, which are signed
 * for one request.
 */
export function findComplete(db: DatabaseSync, id: string): PrivacyRequest | undefined {
  const row = db
    .prepare(`${SELECT_REQUEST} WHERE privacy_requests.id = ? AND status = 'complete'`)
    .get(id);
  return row && privacyRequest.parse(row);
}

/** Returns the records of a request, in a fixed order so that the report never changes. */
export function recordsOf(db: DatabaseSync, { id }: PrivacyRequest): CollectedRecord[] {
  const rows = db
    .prepare("SELECT system, field, value FROM records WHERE request_id = ? ORDER BY system, field")
    .all(id);
  return z.array(collectedRecord).parse(rows);
}

/** Returns the attachments of a request, in a fixed order. */
export function attachmentsOf(db: DatabaseSync, { id }: PrivacyRequest): Attachment[] {
  const rows = db
    .prepare(
      `SELECT id, file_name AS fileName, description FROM attachments
       WHERE request_id = ? AND deleted_at IS NULL ORDER BY file_name, id`,
    )
    .all(id);
  return z.array(attachment).parse(rows);
}

export interface Message {
  /** Identifies the message, and its link in the audit log. */
  readonly id: string;
  readonly requestId: string;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
}

/** Queues a message for the mailer. */
export function addMessage(db: DatabaseSync, message: Message): void {
  const { id, requestId, recipient, subject, body } = message;
  db.prepare("INSERT INTO outbox VALUES (?, ?, ?, ?, ?)").run(
    id,
    requestId,
    recipient,
    subject,
    body,
  );
}
