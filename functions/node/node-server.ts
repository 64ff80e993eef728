import { createServer } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
} from "node:http2";
import type { Server } from "node:net";
import type { App } from "../app/app.ts";
import { defaults } from "../config/defaults.ts";
import { answerClientError } from "./client-error.ts";
import { Drain } from "./drain.ts";
import { createDrainedListener, type NodeListenerOptions } from "./node-listener.ts";
import { type StoppableServer, stopServer } from "./stop-server.ts";

/** A server and how to stop it. */
export interface NodeServer {
  /** An HTTP/1.1 or HTTP/2 server; the caller makes it listen. */
  readonly server: Server;
  /**
   * Stops accepting connections and closes idle ones. Responses in progress have `drainSeconds` to end; then
   * they are broken off. Resolves when the server is closed.
   */
  shutDown(): Promise<void>;
}

/** Options of `createNodeServer`. */
export interface NodeServerOptions extends NodeListenerOptions {
  /**
   * Whether the server speaks HTTP/2 without TLS, and nothing else. Clients must start with HTTP/2 (prior
   * knowledge; RFC 9113, 3.3), as Cloud Run's front end does.
   */
  readonly http2: boolean;
  /**
   * How long an idle HTTP/1.1 connection stays open, in seconds. Must be longer than that of the load
   * balancer in front, which would otherwise send a request as the connection closes and answer 502.
   * Default 65, as AWS's load balancer keeps connections for 60.
   */
  readonly keepAliveSeconds?: number;
  /** Seconds within which `shutDown` ends. Default 10. */
  readonly drainSeconds?: number;
}

/**
 * Time for a request's headers, and for all of it, in milliseconds, and how often this is looked at. Node's own
 * are 60 s and 300 s, looked at every 30 s. Bodies have at most a few megabytes.
 */
const REQUEST_BOUNDS = {
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};

/**
 * Bounds of one HTTP/2 connection: requests at a time, of which Node allows any number, and memory in megabytes,
 * with room for 64 KiB to send for each. A front end sends many people's requests over one connection, and Node
 * refuses streams of a client that is right at the limit, so it is well above what one instance serves.
 */
const HTTP2_BOUNDS = { settings: { maxConcurrentStreams: 250 }, maxSessionMemory: 32 };

/** Creates a Node server for an app. It does not listen yet. */
export function createNodeServer(app: App, options: NodeServerOptions): NodeServer {
  const { http2, keepAliveSeconds = defaults.keepAliveSeconds, ...listenerOptions } = options;
  const { drainSeconds = defaults.drainSeconds } = options;
  const drain = new Drain();
  const listener = createDrainedListener(app, listenerOptions, drain);
  if (http2) {
    const server = createHttp2Server(HTTP2_BOUNDS, listener);
    const stoppable = stoppableHttp2(server);
    return { server, shutDown: () => stopServer(stoppable, drain, drainSeconds) };
  }
  // Node closes idle connections after 5 seconds unless told.
  const keepAliveTimeout = keepAliveSeconds * 1000;
  const server = createServer({ ...REQUEST_BOUNDS, keepAliveTimeout }, listener);
  server.on("clientError", answerClientError);
  return { server, shutDown: () => stopServer(server, drain, drainSeconds) };
}

/** Gives an HTTP/2 server the methods of an HTTP/1 server that close connections. */
function stoppableHttp2(server: Http2Server): StoppableServer {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return Object.assign(server, {
    // A closing session accepts no new streams and ends after its last one.
    closeIdleConnections() {
      for (const session of sessions) session.close();
    },
    closeAllConnections() {
      for (const session of sessions) session.destroy();
    },
  });
}
