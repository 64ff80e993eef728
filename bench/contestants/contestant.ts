import type { IncomingMessage, ServerResponse } from "node:http";
import type { Input } from "../input.ts";

/**
 * Answers one request with the archive of `input`, nothing compressed, as the library's own
 * documentation would have it done. Settles when all has been handed to the response.
 */
export type Contestant = (
  input: Input,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;
