import type { IncomingMessage, ServerResponse } from "node:http";
import type { Input } from "../input.ts";
import type { ServerFigures } from "../server.ts";

/**
 * Answers one request with the archive of `input`, nothing compressed, as the library's own
 * documentation would have it done. Settles when all has been handed to the response; with what it has
 * cost, if that was not this process.
 */
export type Contestant = (
  input: Input,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<ServerFigures | undefined>;
