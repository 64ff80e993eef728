import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Contestant } from "./contestant.ts";

/**
 * Sends the same bytes one after the other, without a ZIP: the cost of Node's own streams. States
 * no length, since a client that has all of it disconnects, which would be before the last stream
 * reports its end.
 */
export const send: Contestant = async ({ entries }, _request, response) => {
  response.setMaxListeners(0); // each pipeline leaves some behind
  for (const { open } of entries) {
    const opened = await open();
    const stream = Buffer.isBuffer(opened) ? Readable.from([opened]) : opened;
    await pipeline(stream, response, { end: false });
  }
  response.end();
};
