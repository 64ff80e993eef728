import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readConfig } from "../../../functions/config/config.ts";
import { createNodeListener } from "../../../functions/node/node-listener.ts";
import { createService } from "../../../functions/service.ts";

const sample = join(import.meta.dirname, "../../../examples/sample-files");

/** The service as if it were deployed: it uses the secret that the cloud stores now. */
export interface DeployedService {
  readonly url: string;
  /** The requested paths, with methods and ranges; tokens are left out. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Serves the sample files with the `secret` of the moment a request arrives. Answers 503 while
 * there is none.
 */
export async function startDeployedService(
  secret: () => string | undefined,
): Promise<DeployedService> {
  const requests: string[] = [];
  const listeners = new Map<string, RequestListener>();
  const server = createServer(async (request, response) => {
    const { method, url = "", headers } = request;
    requests.push(
      [method, url.replace(/\/zip\/[\w.-]+\//, "/zip/…/"), headers.range].filter(Boolean).join(" "),
    );
    const value = secret();
    if (value === undefined) return void response.writeHead(503).end();
    const known = listeners.get(value);
    const env = { SOURCE: sample, LINK_SECRET: value, LOG_LEVEL: "silent" };
    const listener = known ?? createNodeListener(await createService(readConfig(env)));
    listeners.set(value, listener);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
