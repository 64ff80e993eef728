import {
  createMemorySource,
  type MemoryObject,
  type MemorySource,
} from "../../adapters/memory/source.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { defaultZipFormat, type ZipFormat } from "../../core/zip/format.ts";
import type { Plan } from "../../core/zip/plan.ts";

export const modified = new Date("2024-02-29T12:34:57Z");

/**
 * Returns a source of `objects`, with the same modification time unless stated otherwise, and the
 * plan of all of them.
 */
export async function planOf(
  objects: Readonly<Record<string, MemoryObject | Uint8Array | string>>,
  format: Partial<ZipFormat> = {},
): Promise<{ source: MemorySource; plan: Plan }> {
  const source = createMemorySource();
  for (const [key, object] of Object.entries(objects)) {
    if (typeof object === "string") source.put(key, { bytes: Buffer.from(object), modified });
    else if (object instanceof Uint8Array) source.put(key, { bytes: object, modified });
    else source.put(key, { modified, ...object });
  }
  const plan = await planArchive({ prefix: "" }, source, {
    format: { ...defaultZipFormat, ...format },
  });
  return { source, plan };
}
