/**
 * `ziplink serve`: runs the plain Node server for a folder or a bucket, and prints a link to try.
 */
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { readConfig } from "../../functions/config/config.ts";
import { formatLocation } from "../../functions/config/location.ts";
import { createNodeServer } from "../../functions/node/node-server.ts";
import { stopOnSignals } from "../../functions/node/stop-server.ts";
import { createService } from "../../functions/service.ts";
import { type Command, UsageError } from "../command.ts";
import { baseUrl, nameOf, provideLinkSecret, type Variables } from "../serve/first-link.ts";
import { printLinks, reportSource } from "../serve/report-source.ts";
import { noteService } from "../serve/running-service.ts";

const USAGE = `LOCATION [options]

  LOCATION    what to serve: a folder, s3://bucket/prefix, gs://bucket/prefix or
              https://host/base/ (default: SOURCE)
  --port P    the port to listen on; 0 for any that is free (default PORT, or 8080)
  --host H    the address to listen on (default HOST, or 127.0.0.1: this machine alone)

All other settings are environment variables, in the environment or in a file .env. Without
LINK_SECRET it generates one for the run and prints a link to everything. With
NODE_ENV=production it requires LINK_SECRET or LINK_JWKS, and prints no link.`;

export const serve: Command = {
  summary: "serves a folder or a bucket and prints a link to it",
  usage: USAGE,
  async run(args, { call }) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { port: { type: "string" }, host: { type: "string" } },
    });
    if (positionals.length > 1) throw new UsageError("Expected one location.");
    const env: Variables = { ...process.env };
    const overrides = { SOURCE: positionals[0], PORT: values.port, HOST: values.host };
    for (const [name, value] of Object.entries(overrides))
      if (value !== undefined) env[name] = value;
    if (!env.SOURCE) throw new UsageError("Expected a location to serve.");
    const hasOwnSecret = !provideLinkSecret(env);
    const config = readConfig(env);
    const problem = await reportSource(config);
    const host = config.host ?? "127.0.0.1";
    const { server, shutDown } = createNodeServer(await createService(config), config);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(config.port, host, resolve);
    });
    stopOnSignals(shutDown, config.drainSeconds);

    const base = baseUrl(host, (server.address() as AddressInfo).port);
    if (hasOwnSecret) noteService(env, base);
    console.log(`Serving ${formatLocation(config.source)} at ${base}`);
    if (env.NODE_ENV === "production") return;
    const name = nameOf(config.source);
    const link = { keys: config.linkKeys, name, title: name };
    await printLinks(base, config, problem, link, call("link"));
  },
};
