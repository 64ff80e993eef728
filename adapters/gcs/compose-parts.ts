import type { FileMetadata } from "@google-cloud/storage";
import type { CompletionTerms, StoredPart } from "../../core/delivery/blob-destination.ts";
import { assertJoin, notReplaceable, wrongUpload } from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { combineCrc32c, decodeCrc32c } from "./crc32c.ts";
import { type GcsObject, isGone, MARKER, partName, type UploadObjects } from "./upload-objects.ts";

/**
 * Maximum number of objects that one request joins:
 * https://docs.cloud.google.com/storage/quotas#objects
 */
const MAX_SOURCES = 32;

/** A piece of the final object: its location, and its expected contents. */
interface Piece {
  readonly name: string;
  readonly generation: string;
  readonly size: number;
  readonly crc32c: number;
}

/**
 * Joins parts to one object in the upload's folder, in pieces of increasing size, and compares each
 * with its expected contents. Rejects with `corrupt` if one differs, or if a part is not the one
 * that the receipt names.
 */
export async function composeParts(
  objects: UploadObjects,
  folder: string,
  parts: readonly StoredPart[],
  terms: CompletionTerms,
  signal?: AbortSignal,
): Promise<Piece> {
  assertJoin(parts, terms);
  let pieces = await findParts(objects, folder, parts, signal);
  const attempt = crypto.randomUUID(); // another process may compose the same parts right now
  for (let level = 1; level === 1 || pieces.length > 1; level++) {
    const joined: Piece[] = [];
    for (let at = 0; at < pieces.length; at += MAX_SOURCES) {
      const group = pieces.slice(at, at + MAX_SOURCES);
      const name = `${folder}joined-${attempt}-${level}-${joined.length}`;
      joined.push(await composeGroup(objects, name, group, signal));
    }
    pieces = joined;
  }
  const [whole] = pieces;
  if (whole?.size !== terms.size) throw wrongUpload();
  return whole;
}

/** Finds the objects of parts as they are now: another process may have sent the same bytes again. */
async function findParts(
  objects: UploadObjects,
  folder: string,
  parts: readonly StoredPart[],
  signal: AbortSignal | undefined,
): Promise<Piece[]> {
  const found = new Map<string, GcsObject>();
  for await (const object of objects.list(`${folder}p`, signal)) found.set(object.name, object);
  return parts.map(({ number, size, receipt }) => {
    const name = folder + partName(number);
    const object = found.get(name);
    if (!object || object.size !== size || object.crc32c !== receipt) throw wrongUpload();
    const { generation } = object;
    return { name, size, generation, crc32c: decodeCrc32c(receipt) };
  });
}

async function composeGroup(
  objects: UploadObjects,
  name: string,
  group: readonly Piece[],
  signal: AbortSignal | undefined,
): Promise<Piece> {
  let size = 0;
  let crc32c = 0;
  for (const piece of group) {
    crc32c = combineCrc32c(crc32c, piece.crc32c, piece.size);
    size += piece.size;
  }
  let object: GcsObject;
  try {
    object = await objects.compose(name, group, {}, undefined, signal);
  } catch (error) {
    // A part was sent again, or is gone.
    const isOther = error instanceof ZiplinkError && error.code === "changed";
    throw isOther || isGone(error) ? wrongUpload() : error;
  }
  if (object.size !== size || decodeCrc32c(object.crc32c) !== crc32c) throw wrongUpload();
  return { name, generation: object.generation, size, crc32c };
}

/**
 * Publishes `whole` under `name` if the terms hold. The upload's marker, which is empty, is joined
 * in front of it: once an abort has removed the marker, the store refuses.
 */
export async function publishWhole(
  objects: UploadObjects,
  name: string,
  folder: string,
  whole: Piece,
  metadata: FileMetadata,
  { replaces }: CompletionTerms,
  signal?: AbortSignal,
): Promise<GcsObject> {
  const marker = await objects.get(folder + MARKER, signal);
  if (!marker) throw new ZiplinkError("not_found", "The upload is gone.");
  const generation =
    replaces === "anything"
      ? undefined
      : replaces === "nothing"
        ? "0"
        : replaces.version.split("/")[0];
  try {
    return await objects.compose(name, [marker, whole], metadata, generation, signal);
  } catch (error) {
    const isTaken = error instanceof ZiplinkError && error.code === "changed";
    throw isTaken ? notReplaceable(error.cause) : error;
  }
}
