import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { layoutZip } from "../../core/zip/layout.ts";
import { createNodeListener } from "../../functions/node/node-listener.ts";
import type { Contestant } from "./contestant.ts";

export const send: Contestant = async (input, request, response) => {
  const listener = createNodeListener(async ({ signal }) => {
    const { source, readAhead } = input;
    const plan = await planArchive(input.spec, source, { signal });
    return new Response(streamZip(plan, source, { readAhead, signal }), {
      headers: { "Content-Length": String(layoutZip(plan).length) },
    });
  });
  await listener(request, response);
};
