import type { IncomingMessage, ServerResponse } from "node:http";
import type { Input } from "../input.ts";
import type { ServerFigures } from "../server.ts";

/**
 * Answers one request with the archive of `input`, uncompressed, as the library's own documentation
 * recommends. Resolves when everything has been passed to the response; with its cost, if another
 * process did the work.
 */
export type Contestant = (
  input: Input,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<ServerFigures | undefined>;
