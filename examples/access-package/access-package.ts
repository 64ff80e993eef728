import type { DatabaseSync } from "node:sqlite";
import { type ArchiveSpec, type InlineEntry, uniqueNames, ZiplinkError } from "../../core/index.ts";
import { attachmentsOf, findComplete, type PrivacyRequest, recordsOf } from "./database.ts";
import { createReport, type PackedFile } from "./report.ts";

/**
 * Returns the key of the object with all records, which is written when the request is completed.
 */
export function dataKey(requestId: string): string {
  return `privacy-requests/${requestId}/data.json`;
}

export function attachmentKey(requestId: string, attachmentId: string): string {
  return `privacy-requests/${requestId}/attachments/${attachmentId}`;
}

/**
 * Returns the spec of a request's package. Each object has its final name, since the report links
 * to it.
 */
export function archiveOf(db: DatabaseSync, request: PrivacyRequest): ArchiveSpec {
  const files = packedFiles(db, request).map(({ id, path }) => ({
    key: attachmentKey(request.id, id),
    name: path,
  }));
  return {
    name: `access-package-${request.id}`,
    entries: [{ key: dataKey(request.id), name: "data.json" }, ...files],
  };
}

/**
 * Returns the entries of a package that are not objects: the report. Links call this for every
 * request, so they end when the privacy request does. The keys can be trusted to name it, since
 * only this application signs links.
 */
export async function inlineEntriesFor(
  db: DatabaseSync,
  spec: ArchiveSpec,
): Promise<InlineEntry[]> {
  const [first] = "entries" in spec ? spec.entries : [];
  const request = findComplete(db, first?.key.split("/")[1] ?? "");
  if (!request) {
    throw new ZiplinkError("expired", "This package is no longer available.");
  }
  return [await createReport(request, recordsOf(db, request), packedFiles(db, request))];
}

function packedFiles(db: DatabaseSync, request: PrivacyRequest): PackedFile[] {
  const attachments = attachmentsOf(db, request);
  const names = uniqueNames(
    attachments.map(({ fileName }) => ({ path: `attachments/${fileName}`, isFolder: false })),
  );
  return attachments.map((attachment, i) => ({ ...attachment, path: names[i] ?? attachment.id }));
}
