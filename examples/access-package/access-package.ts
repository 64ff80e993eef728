import type { DatabaseSync } from "node:sqlite";
import { type ArchiveSpec, type InlineEntry, uniqueNames, ZiplinkError } from "../../core/index.ts";
import { attachmentsOf, findComplete, type PrivacyRequest, recordsOf } from "./database.ts";
import { createReport, type PackedFile } from "./report.ts";

/** The object with all that the systems hold, which was written when the request was completed. */
export function dataKey(requestId: string): string {
  return `privacy-requests/${requestId}/data.json`;
}

export function attachmentKey(requestId: string, attachmentId: string): string {
  return `privacy-requests/${requestId}/attachments/${attachmentId}`;
}

/** The objects of a request's package, each under its final name: the report links to them. */
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
 * What a package holds beside its objects, whichever way it is asked for: the report. Links are asked
 * for their request each time, so they end with it; the keys name it, as we alone have signed them.
 */
export async function givenFor(db: DatabaseSync, archive: ArchiveSpec): Promise<InlineEntry[]> {
  const [first] = "entries" in archive ? archive.entries : [];
  const request = findComplete(db, first?.key.split("/")[1] ?? "");
  if (!request) {
    throw new ZiplinkError("expired", "This package is not available any more.");
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
