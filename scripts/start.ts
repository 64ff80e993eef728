/**
 * `npm start`: serves SOURCE, by default the sample folder, through functions-framework, reachable
 * from this machine alone unless HOST says otherwise. Prints a link to all of it.
 */
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { readConfig } from "../functions/config/config.ts";
import { runCommand } from "./command.ts";
import { baseUrl, printFirstLink, provideLinkSecret } from "./serve/first-link.ts";

const SAMPLE = fileURLToPath(new URL("../examples/sample-files", import.meta.url));

await runCommand(async () => {
  process.env.SOURCE ||= SAMPLE;
  provideLinkSecret(process.env);
  const config = readConfig(process.env);

  await import("../functions/gcp.ts");
  // The framework's own command listens on every network interface. Its test server is the same
  // server and accepts an address to listen on.
  const server = getTestServer("ziplink");
  server.setTimeout(0);
  const host = config.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(config.port, host, resolve);
  });

  console.log(`Serving ${process.env.SOURCE}`);
  await printFirstLink(baseUrl(host, (server.address() as AddressInfo).port), {
    keys: config.linkKeys,
    name: "ziplink-sample",
    title: "Sample files",
    issuer: "npm start",
  });
});
