/** `@ziplink/ziplink/node`: an app behind Node's HTTP servers. */
export type { App } from "../app/app.ts";
export { createNodeListener, type NodeListenerOptions } from "./node-listener.ts";
export { createNodeServer, type NodeServer, type NodeServerOptions } from "./node-server.ts";
