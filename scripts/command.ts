import { existsSync } from "node:fs";
import { ZiplinkError } from "../core/errors.ts";
import { ConfigError } from "../functions/config/environment.ts";

/** A command cannot do its work. The message says why and what to do about it. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}

/**
 * Runs a command-line command, with the variables of the file `.env` if there is one. An error that
 * the user can fix is printed as its message alone, without a stack. Anything else is a defect and
 * is printed whole.
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
    return `Port ${port} is in use. Choose another port, for example: PORT=8081 npm start`;
  }
  if (code?.startsWith("ERR_PARSE_ARGS")) return (error as Error).message;
  return error;
}
