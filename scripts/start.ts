/**
 * `npm start`: serves SOURCE, by default the sample folder, through functions-framework, reachable
 * from this machine alone unless HOST says otherwise. Prints a link to all of it.
 */
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { readConfig } from "../functions/config/config.ts";
import { formatLocation } from "../functions/config/location.ts";
import { runCommand } from "./command.ts";
import { baseUrl, nameOf, provideLinkSecret } from "./serve/first-link.ts";
import { printLinks, reportSource } from "./serve/report-source.ts";
import { noteService } from "./serve/running-service.ts";

const SAMPLE = fileURLToPath(new URL("../examples/sample-files", import.meta.url));

await runCommand(async () => {
  const isSample = !process.env.SOURCE;
  process.env.SOURCE ||= SAMPLE;
  const hasOwnSecret = !provideLinkSecret(process.env);
  const config = readConfig(process.env);
  const problem = await reportSource(config);

  await import("../functions/gcp.ts");
  // The framework's own command listens on every network interface. Its test server is the same
  // server and accepts an address to listen on.
  const server = getTestServer("ziplink");
  server.setTimeout(0);
  const host = config.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(config.port, host, resolve);
  });

  const base = baseUrl(host, (server.address() as AddressInfo).port);
  if (hasOwnSecret) noteService(process.env, base);
  console.log(`Serving ${formatLocation(config.source)}`);
  const name = nameOf(config.source);
  const link = {
    keys: config.linkKeys,
    name: isSample ? "ziplink-sample" : name,
    title: isSample ? "Sample files" : name,
  };
  await printLinks(base, config, problem, link, "npm run link --");
});
