import type { DatabaseSync } from "node:sqlite";
import { addMember } from "../shared/sessions.ts";
import { attachmentKey, dataKey } from "./access-package.ts";

const FILES = 120;

/**
 * Adds a completed request with its records and 120 attachments, whose objects `put` stores.
 * Returns the id and the session token that are needed to request its package.
 */
export async function seed(
  db: DatabaseSync,
  put: (key: string, text: string) => Promise<void>,
): Promise<{ requestId: string; token: string }> {
  const workspaceId = crypto.randomUUID();
  const requestId = crypto.randomUUID();
  db.prepare("INSERT INTO workspaces VALUES (?, 'Birkenhöhe Housing')").run(workspaceId);
  const token = addMember(db, {
    userId: crypto.randomUUID(),
    workspaceId,
    role: "privacy_officer",
  });
  db.prepare(
    "INSERT INTO privacy_requests VALUES (?, ?, 'complete', 'resident@example.org', ?)",
  ).run(requestId, workspaceId, "2026-09-30T12:00:00Z");

  const records = {
    "Tenancy: Name": "A. Resident",
    "Tenancy: Flat": "7b",
    "Billing: IBAN": "none",
  };
  const addRecord = db.prepare("INSERT INTO records VALUES (?, ?, ?, ?)");
  for (const [label, value] of Object.entries(records)) {
    const [system = "", field = ""] = label.split(": ");
    addRecord.run(requestId, system, field, value);
  }
  await put(dataKey(requestId), JSON.stringify(records, null, 2));

  const addAttachment = db.prepare("INSERT INTO attachments VALUES (?, ?, ?, ?, NULL)");
  for (let month = 0; month < FILES; month++) {
    const id = crypto.randomUUID();
    const label = `${2016 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
    addAttachment.run(id, requestId, `Letter ${label}.txt`, `Our letter of ${label}`);
    await put(attachmentKey(requestId, id), `Rent for ${label}: paid.\n`);
  }
  return { requestId, token };
}
