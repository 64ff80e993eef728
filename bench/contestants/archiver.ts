import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ZipArchive } from "archiver";
import type { Contestant } from "./contestant.ts";

export const send: Contestant = async ({ entries }, _request, response) => {
  const archive = new ZipArchive({ store: true });
  const sent = pipeline(archive as unknown as Readable, response);
  // One at a time, since archiver opens everything that it is given at once.
  for (const { name, open } of entries) {
    const input = await open();
    const added = once(archive, "entry");
    archive.append(input, { name });
    await added;
  }
  await archive.finalize();
  await sent;
};
