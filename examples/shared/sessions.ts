import { createHash, randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";

/**
 * Users, and the workspaces they are members of. A session belongs to one user in one workspace;
 * only a hash of its token is stored.
 */
export const sessionTables = `
  CREATE TABLE workspaces (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
  CREATE TABLE members (
    user_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    role TEXT NOT NULL,
    deleted_at TEXT,
    PRIMARY KEY (user_id, workspace_id)
  ) STRICT;
  CREATE TABLE sessions (
    token_sha256 BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    FOREIGN KEY (user_id, workspace_id) REFERENCES members (user_id, workspace_id)
  ) STRICT;
`;

const member = z.object({ userId: z.string(), workspaceId: z.string(), role: z.string() });

/** A user in the workspace of their session. */
export type Member = z.infer<typeof member>;

/**
 * Returns the member whose session the bearer token identifies. Throws 401 without a valid session,
 * 403 for another role.
 */
export function requireMember(db: DatabaseSync, request: Request, role: string): Member {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  const row =
    token &&
    db
      .prepare(
        `SELECT members.user_id AS userId, members.workspace_id AS workspaceId, members.role
         FROM sessions JOIN members USING (user_id, workspace_id)
         WHERE sessions.token_sha256 = ? AND sessions.expires_at > ? AND members.deleted_at IS NULL`,
      )
      .get(sha256(token), new Date().toISOString());
  if (!row) throw new HTTPException(401, { message: "Log in first." });
  const found = member.parse(row);
  if (found.role !== role) {
    throw new HTTPException(403, { message: "Your role does not allow this." });
  }
  return found;
}

/** Adds a member with a session of one hour, and returns its token. */
export function addMember(db: DatabaseSync, { userId, workspaceId, role }: Member): string {
  const token = randomBytes(32).toString("base64url");
  const expires = new Date(Date.now() + 3_600_000).toISOString();
  db.prepare("INSERT INTO members VALUES (?, ?, ?, NULL)").run(userId, workspaceId, role);
  db.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?)").run(
    sha256(token),
    userId,
    workspaceId,
    expires,
  );
  return token;
}

function sha256(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
