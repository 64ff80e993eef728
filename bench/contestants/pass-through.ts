import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Contestant } from "./contestant.ts";

/**
 * The same bytes one after the other, no ZIP around them: what Node's own streams take for it. No length is stated: a
 * client that has all of it leaves, which here would be before the last stream has told that it is at its end.
 */
export const send: Contestant = async ({ entries }, _request, response) => {
  response.setMaxListeners(0); // each pipeline leaves some on it
  for (const { open } of entries) {
    const opened = await open();
    const stream = Buffer.isBuffer(opened) ? Readable.from([opened]) : opened;
    await pipeline(stream, response, { end: false });
  }
  response.end();
};
