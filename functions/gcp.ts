/** Google Cloud Functions and Cloud Run functions: the target is `ziplink`. */
import { http } from "@google-cloud/functions-framework";
import { readConfig } from "./config.ts";
import { createNodeListener } from "./node-listener.ts";
import { createService } from "./service.ts";
import { leaveBodiesUnparsed } from "./unparsed-bodies.ts";

/**
 * Cloud Run fails a response whose Content-Length is above 32 MiB, over HTTP/1; one in chunks it lets
 * through (https://cloud.google.com/run/quotas). K_SERVICE is set there and nowhere else.
 */
const MAX_FIXED_LENGTH = process.env.K_SERVICE ? 32 * 1024 * 1024 : Infinity;

const config = readConfig(process.env, {
  maxResponseBytes: Infinity,
  maxFixedLength: MAX_FIXED_LENGTH,
});
const listener = createNodeListener(await createService(config));

leaveBodiesUnparsed();
http("ziplink", (request, response) => listener(request, response));
