import type { BlobInfo, BlobSource } from "../../core/blob-source.ts";
import { collect } from "./bytes.ts";

export async function listed(source: BlobSource, prefix = ""): Promise<BlobInfo[]> {
  const infos: BlobInfo[] = [];
  for await (const info of source.list(prefix)) infos.push(info);
  return infos;
}

export const keysOf = async (source: BlobSource, prefix = "") =>
  (await listed(source, prefix)).map(({ key }) => key);

export const read = async (source: BlobSource, blob: BlobInfo, start = 0, end = blob.size) =>
  collect(await source.open(blob, { start, end }));
