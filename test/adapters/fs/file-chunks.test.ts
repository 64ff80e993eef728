import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { version } from "../../../adapters/fs/facts.ts";
import { FileChunks } from "../../../adapters/fs/file-chunks.ts";
import { storeError } from "../../../core/source/store-errors.ts";
import { describeChunkReader } from "../../contract/chunk-reader.ts";
import { patterned } from "../../support/bytes.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const bytes = patterned(600_000);

describeChunkReader(
  "a file",
  async ({ signal, after }) => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, bytes);
    const file = await open(path);
    const close = vi.spyOn(file, "close");
    const stats = await file.stat({ bigint: true });
    const blob = {
      key: "file",
      size: bytes.length,
      version: after === "fails" ? "another" : version(stats),
      modified: stats.mtime,
    };
    const chunks = new FileChunks(file, blob, { start: 0, end: bytes.length }, signal);
    return { chunks, bytes, released: () => close.mock.calls.length };
  },
  { canStall: false, failure: storeError("changed").message },
);
