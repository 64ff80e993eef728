import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { release } from "../core/chunks.ts";
import type { App } from "./app.ts";

/**
 * An app as a listener of Node's HTTP server, or anything with its requests and responses. A body
 * that fails ends the connection short of its length, by closing it; nothing of the failure is sent
 * or printed, as the audit log has it.
 */
export function createNodeListener(app: App) {
  return getRequestListener(
    async (request, { outgoing }) => {
      const response = await app(request);
      if (response.body === null) return response;
      await send(response, outgoing as ServerResponse);
      return RESPONSE_ALREADY_SENT;
    },
    // The app is to see the platform's own Request and Response, whatever else is in the process.
    { overrideGlobalObjects: false },
  );
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  try {
    await pipeline(response.body ?? [], recyclingSink(outgoing));
  } catch {
    // The pipeline has broken the connection and closed the body, whose own end tells the audit.
  }
}

/** Writes to `outgoing`, and gives each chunk back once it is in the hands of the system. */
function recyclingSink(outgoing: ServerResponse): Writable {
  const sink = new Writable({
    highWaterMark: 0, // one chunk at a time: what waits, waits in `outgoing`
    write(chunk: Uint8Array, _encoding, done) {
      outgoing.write(chunk, (error) => {
        if (!error) release(chunk);
        done(error);
      });
    },
    final(done) {
      outgoing.end(done);
    },
    destroy(error, done) {
      if (error) outgoing.destroy();
      done(error);
    },
  });
  outgoing.once("close", () => sink.destroy());
  return sink;
}
