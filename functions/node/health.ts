/** Checks the health of the plain server on this machine; exits with 1 unless it is healthy. */
import { once } from "node:events";
import { connect } from "node:http2";
import { readConfig } from "../config/config.ts";

const { host = "127.0.0.1", port, http2 } = readConfig(process.env);
// A wildcard address is only for listening; a client must connect to a specific one.
const name = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
const url = `http://${name.includes(":") ? `[${name}]` : name}:${port}`;

async function statusOverHttp2(): Promise<number> {
  const session = connect(url);
  try {
    const stream = session.request({ ":path": "/healthz" });
    const [headers] = (await once(stream, "response")) as [{ ":status"?: number }];
    return headers[":status"] ?? 0;
  } finally {
    session.destroy();
  }
}

const status = http2 ? await statusOverHttp2() : (await fetch(`${url}/healthz`)).status;
process.exitCode = status === 200 ? 0 : 1;
