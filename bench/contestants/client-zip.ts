import { pipeline } from "node:stream/promises";
import { downloadZip, predictLength } from "client-zip";
import type { Entry } from "../input.ts";
import type { Contestant } from "./contestant.ts";

export const send: Contestant = async ({ entries }, _request, response) => {
  const all = [...entries];
  response.setHeader("Content-Length", String(predictLength(all)));
  const { body } = downloadZip(opened(all));
  await pipeline(body ?? [], response);
};

/**
 * Passes Node's streams on as iterables, which client-zip reads faster than the result of
 * `Readable.toWeb`.
 */
async function* opened(entries: Iterable<Entry>) {
  for (const { name, open } of entries) yield { name, input: await open() };
}
