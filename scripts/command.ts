import { existsSync } from "node:fs";
import { ZiplinkError } from "../core/errors.ts";
import { ConfigError } from "../functions/config.ts";

/** A command was called with arguments that it does not take. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs a command a person has called, with the variables of a file `.env` where there is one. What they can mend is said in plain words, without a stack;
 * anything else is a defect and is shown whole.
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
  if (
    error instanceof ConfigError ||
    error instanceof UsageError ||
    error instanceof ZiplinkError
  ) {
    return error.message;
  }
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE")
    return `Port ${port} is in use. Choose another one: PORT=8081 npm start`;
  if (code?.startsWith("ERR_PARSE_ARGS")) return (error as Error).message;
  return error;
}
