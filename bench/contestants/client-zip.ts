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

/** Node's streams are iterables, which it reads faster than `Readable.toWeb` of them. */
async function* opened(entries: Iterable<Entry>) {
  for (const { name, open } of entries) yield { name, input: await open() };
}
