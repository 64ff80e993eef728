/** Google Cloud Functions and Cloud Run functions: the target is `ziplink`. */
import { http } from "@google-cloud/functions-framework";
import { readConfig } from "./config.ts";
import { createNodeListener } from "./node-listener.ts";
import { createService } from "./service.ts";

const listener = createNodeListener(createService(readConfig(process.env)));

http("ziplink", (request, response) => listener(request, response));
