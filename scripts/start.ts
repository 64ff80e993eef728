/**
 * `npm start`: serves SOURCE, by default the sample folder, through functions-framework, reachable
 * from this machine alone unless HOST says otherwise. Prints a link to all of it.
 */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { canSign } from "../core/links/jwt-keys.ts";
import { signLink } from "../core/links/link.ts";
import { readConfig } from "../functions/config/config.ts";
import { runCommand } from "./command.ts";

const SAMPLE = fileURLToPath(new URL("../examples/sample-files", import.meta.url));
const LINK_HOURS = 1;

await runCommand(async () => {
  const development = process.env.NODE_ENV !== "production";
  process.env.SOURCE ||= SAMPLE;
  if (development && !process.env.LINK_SECRET && !process.env.LINK_JWKS) {
    process.env.LINK_SECRET = randomBytes(32).toString("base64url");
    console.log(
      "LINK_SECRET is not set: generated one for this run. Its links stop working when the run ends.\n",
    );
  }
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

  const { port } = server.address() as AddressInfo;
  const base = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  console.log(`Serving ${process.env.SOURCE}`);
  if (!canSign(config.linkKeys)) {
    console.log(
      `Listening at ${base}. LINK_JWKS has no private key, so links must be signed elsewhere.`,
    );
    return;
  }
  const token = await signLink(
    { prefix: "", name: "ziplink-sample" },
    {
      keys: config.linkKeys,
      expires: new Date(Date.now() + LINK_HOURS * 3_600_000),
      title: "Sample files",
      issuer: "npm start",
    },
  );
  const url = `${base}/zip/${token}/ziplink-sample.zip`;
  console.log(`A link to all of it, valid for ${LINK_HOURS} hour. Its page, for a browser:\n`);
  console.log(`  ${base}/d/${token}\n`);
  console.log(`The ZIP itself:\n\n  curl -fOJ '${url}'\n`);
});
