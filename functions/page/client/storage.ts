import { fill } from "../formats.ts";
import type { DownloadFile } from "./download-file.ts";
import { hasOpfs, opfsFile, removeOpfsFile } from "./opfs-file.ts";
import { pickedFile } from "./picked-file.ts";
import { Problem, problem } from "./problem.ts";
import { allRecords, type DownloadRecord, removeRecord } from "./records.ts";
import { formats, texts } from "./texts.ts";

/** Part of the File System Access API, which not all browsers have. */
type SavePicker = (options: {
  readonly suggestedName: string;
  readonly types: readonly { readonly accept: Readonly<Record<string, readonly string[]>> }[];
}) => Promise<FileSystemFileHandle>;

interface Permissions {
  queryPermission(options: { readonly mode: "readwrite" }): Promise<PermissionState>;
  requestPermission(options: { readonly mode: "readwrite" }): Promise<PermissionState>;
}

const WRITING = { mode: "readwrite" } as const;

/** How long unfinished and complete downloads are kept; complete ones were saved long before. Milliseconds. */
const KEPT_MS = 7 * 24 * 3_600_000;
const KEPT_DONE_MS = 3_600_000;

/**
 * Asks the person where to save, in browsers that let a page do so; elsewhere resolves to `undefined`, for the
 * browser's own storage. Rejects with `AbortError` if the person cancels. Must be the first call after a click.
 */
export async function chooseFile(filename: string): Promise<FileSystemFileHandle | undefined> {
  const { showSaveFilePicker } = window as { showSaveFilePicker?: SavePicker };
  if (showSaveFilePicker) {
    const types = [{ accept: { "application/zip": [".zip"] } }];
    return showSaveFilePicker.call(window, { suggestedName: filename, types });
  }
  if (await hasOpfs()) return undefined;
  throw problem("noPlace");
}

/** Opens the file of a new or started download. After a reload, call it upon a click: it may ask for permission. */
export async function openDownloadFile({ handle, etag }: DownloadRecord): Promise<DownloadFile> {
  if (handle === undefined) return opfsFile(opfsName(etag));
  const permissions = permissionsOf(handle);
  if (permissions && (await permissions.requestPermission(WRITING)) !== "granted") {
    throw problem("lostFile");
  }
  return pickedFile(handle);
}

/** Whether `openDownloadFile` would not have to ask for permission. */
export async function isOpen({ handle }: DownloadRecord): Promise<boolean> {
  const permissions = handle && permissionsOf(handle);
  return permissions === undefined || (await permissions.queryPermission(WRITING)) === "granted";
}

function permissionsOf(handle: FileSystemFileHandle): Permissions | undefined {
  return "requestPermission" in handle ? (handle as FileSystemFileHandle & Permissions) : undefined;
}

/**
 * Throws a `Problem` if the browser's own storage has no room for `needed` more bytes. No browser reveals how full the
 * disk of a chosen file is; that shows only when it is written.
 */
export async function assertRoom({ handle }: DownloadRecord, needed: number): Promise<void> {
  if (handle !== undefined || !("estimate" in navigator.storage)) return;
  const { quota, usage = 0 } = await navigator.storage.estimate();
  const room = quota === undefined ? Number.POSITIVE_INFINITY : Math.max(0, quota - usage);
  if (needed > room)
    throw new Problem(
      fill(texts.problems.noRoom, { needed: formats.bytes(needed), room: formats.bytes(room) }),
    );
}

/** Returns the unfinished downloads of an archive, latest first. Removes abandoned downloads of all archives. */
export async function findUnfinished(archive: string): Promise<DownloadRecord[]> {
  const now = Date.now();
  const records = await allRecords();
  const isOld = ({ done, touched }: DownloadRecord) =>
    now - touched > (done ? KEPT_DONE_MS : KEPT_MS);
  for (const record of records.filter(isOld)) await forget(record);
  return records
    .filter((record) => !isOld(record) && !record.done && record.archive === archive)
    .sort((a, b) => b.touched - a.touched);
}

/** Removes everything stored for a download, except a file that the person has chosen. */
export async function forget({ etag, handle }: DownloadRecord): Promise<void> {
  if (handle === undefined) await removeOpfsFile(opfsName(etag));
  await removeRecord(etag);
}

const opfsName = (etag: string) => `${etag.replaceAll('"', "")}.zip`;
