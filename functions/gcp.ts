/** Google Cloud Functions and Cloud Run functions: the target is `ziplink`. */
import { http } from "@google-cloud/functions-framework";
import { readConfig } from "./config/config.ts";
import { leaveBodiesUnparsed } from "./gcp/unparsed-bodies.ts";
import { createNodeListener } from "./node/node-listener.ts";
import { createService } from "./service.ts";

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
