import { describe, expect, test } from "vitest";
import { streamZip } from "../../../core/stream-zip.ts";
import { toPlan } from "../../support/archive-cases.ts";
import { collect } from "../../support/bytes.ts";
import { countCases, type Zip64Anatomy, zip64Cases } from "../../support/zip64-cases.ts";

describe("ZIP64 records are written where a limit is reached, and nowhere else", () => {
  test.for([...zip64Cases, ...countCases])("$name", async (archive) => {
    const { plan, source } = await toPlan(archive);
    const bytes = await collect(streamZip(plan, source));
    expect(anatomy(bytes)).toEqual(archive.anatomy);
  });
});

/** Reads only the fields it needs, at the offsets of APPNOTE 4.3.7 to 4.3.16. */
function anatomy(zip: Buffer): Zip64Anatomy {
  const endRecord = zip.length - 22;
  const end = zip.readUInt32LE(endRecord - 20) === 0x07064b50;
  const directory = end
    ? Number(zip.readBigUInt64LE(endRecord - 20 - 56 + 48))
    : zip.readUInt32LE(endRecord + 16);
  let last = directory;
  for (let next = last; zip.readUInt32LE(next) === 0x02014b50; ) {
    last = next;
    next += 46 + zip.readUInt16LE(last + 28) + zip.readUInt16LE(last + 30);
  }
  const signed = (length: number) => zip.readUInt32LE(directory - length) === 0x08074b50;
  return {
    local: zip64Values(zip, 30 + zip.readUInt16LE(26)) as 0 | 2,
    descriptor: signed(24) ? 24 : signed(16) ? 16 : 0,
    central: zip64Values(zip, last + 46 + zip.readUInt16LE(last + 28)) as 0 | 1 | 2,
    end,
  };
}

/** Returns the number of values in the ZIP64 extra field at `offset`; 0 if another extra field is there. */
function zip64Values(zip: Buffer, offset: number): number {
  return zip.readUInt16LE(offset) === 0x0001 ? zip.readUInt16LE(offset + 2) / 8 : 0;
}
