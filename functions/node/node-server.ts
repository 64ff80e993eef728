import { createServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Server } from "node:net";
import type { App } from "../app/app.ts";
import { createNodeListener } from "./node-listener.ts";

/** A server, and how it is ended. */
export interface NodeServer {
  /** Of HTTP/1.1 or HTTP/2; whoever has it lets it listen. */
  readonly server: Server;
  /** Takes no more requests, lets the downloads under way end, and closes then. */
  shutDown(): void;
}

/** Which HTTP a server speaks. */
export interface NodeServerOptions {
  /**
   * Speaks HTTP/2 without TLS to clients that do so from the first byte (RFC 9113, 3.3), such as Cloud Run's
   * front end, and nothing else.
   */
  readonly http2: boolean;
}

/** A server of Node's own for an app, that does not listen yet. */
export function createNodeServer(app: App, { http2 }: NodeServerOptions): NodeServer {
  const listener = createNodeListener(app);
  if (!http2) {
    const server = createServer(listener);
    return { server, shutDown: () => void server.close() };
  }
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server(listener).on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const shutDown = () => {
    server.close();
    // A session that is told to close takes no more streams, and ends after its last one.
    for (const session of sessions) session.close();
  };
  return { server, shutDown };
}
