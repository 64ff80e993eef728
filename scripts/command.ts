import { existsSync } from "node:fs";
import { ZiplinkError } from "../core/errors.ts";
import { ConfigError } from "../functions/config/environment.ts";

/** A command cannot do what it was called for; the message says why and what to do. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}

/**
 * Runs a command that a person has called, with the variables of a file `.env` where there is one.
 * What they can mend is said in plain words, without a stack; anything else is a defect and is shown
 * whole.
 */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    if (existsSync(".env")) process.loadEnvFile(".env");
    await command();
  } catch (error) {
    process.exitCode = 1;
    console.error(explain(error));
  }
}

function explain(error: unknown): unknown {
  if ([CommandError, ConfigError, ZiplinkError].some((plain) => error instanceof plain)) {
    return (error as Error).message;
  }
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE") {
    return `Port ${port} is in use. Choose another one: PORT=8081 npm start`;
  }
  if (code?.startsWith("ERR_PARSE_ARGS")) return (error as Error).message;
  return error;
}
