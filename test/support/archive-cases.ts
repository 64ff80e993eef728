import { crc32 } from "node:zlib";
import { createMemorySource } from "../../adapters/memory/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { defaultZipFormat, type ZipFormat } from "../../core/zip/format.ts";
import type { Plan } from "../../core/zip/plan.ts";

export const MODIFIED = new Date("2024-05-06T07:08:09.500Z");

export interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly modified?: Date;
  /** Whether the store states the CRC-32. If not, `smallEntryBytes` decides the framing. */
  readonly crcKnown?: boolean;
}

export interface ArchiveCase {
  readonly name: string;
  readonly entries: () => readonly Entry[];
  readonly format?: Partial<ZipFormat>;
  readonly exception?: Exception;
}

/**
 * A reader that is known to fail, and its message. The test asserts the failure, to notice when it
 * no longer holds.
 */
export interface Exception {
  readonly reader: string;
  readonly says: RegExp;
  holds(): Promise<boolean>;
}

export const empty = Buffer.alloc(0);
export const utf8 = (text: string): Buffer => Buffer.from(text);

export async function toPlan(archive: ArchiveCase): Promise<{ plan: Plan; source: BlobSource }> {
  const source = createMemorySource();
  const entries = archive.entries();
  for (const { name, bytes, modified = MODIFIED, crcKnown } of entries) {
    source.put(name, { bytes, modified, ...(crcKnown ? { crc32: crc32(bytes) } : {}) });
  }
  const planned = entries.map(async ({ name }) => ({ name, blob: await source.stat(name) }));
  const format = { ...defaultZipFormat, ...archive.format };
  return { plan: { entries: await Promise.all(planned), format }, source };
}
