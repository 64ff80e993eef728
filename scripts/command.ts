import { existsSync } from "node:fs";
import { MissingPackageError } from "../adapters/optional-packages.ts";
import { ZiplinkError } from "../core/errors.ts";
import { ConfigError } from "../functions/config/environment.ts";
import type { DeployIo } from "./deploy/runner.ts";

/** Where a command runs: in the repository, or from the npm package in somebody's folder. */
export interface CommandContext {
  /** Returns how the command of this name is called, for its usage: `npm run link --`. */
  readonly call: (name: string) => string;
  /** Ziplink's version. */
  readonly version: string;
  /** The folder that holds `deploy.config.ts`, and in which the clouds' tools run. */
  readonly root: string;
  /** Provides what a deployment uploads. */
  readonly build: DeployIo["build"];
  /** A sample of `deploy.config.ts`, for who has none yet. */
  readonly sampleSettings?: string;
}

/** A command of `ziplink`. */
export interface Command {
  /** One line for the list of commands, in lower case. */
  readonly summary: string;
  /** Its arguments, behind its name, and what they mean: what `--help` prints. */
  readonly usage: string;
  /** Runs the command with the arguments behind its name. Rejects with an error for `runCommand`. */
  readonly run: (args: string[], context: CommandContext) => Promise<void>;
}

/** A command cannot do its work. The message says why and what to do about it. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}

/** The arguments of a command are not those of its usage, which is printed below the message. */
export class UsageError extends CommandError {
  override readonly name = "UsageError";
}

/**
 * Runs a command-line command, by default with the variables of the file `.env` if there is one. An error that
 * the user can fix is printed as its message alone, without a stack. Anything else is a defect and
 * is printed whole.
 */
export async function runCommand(
  command: () => Promise<void>,
  { readsEnvFile = true } = {},
): Promise<void> {
  try {
    if (readsEnvFile && existsSync(".env")) process.loadEnvFile(".env");
    await command();
  } catch (error) {
    process.exitCode = 1;
    console.error(explain(error));
  }
}

function explain(error: unknown): unknown {
  const plain = [CommandError, ConfigError, MissingPackageError, ZiplinkError];
  if (plain.some((each) => error instanceof each)) return (error as Error).message;
  const { code, port, syscall } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE") {
    return `Port ${port} is in use. Choose another port, for example: PORT=8081`;
  }
  // The system refuses something, such as to write a file: not a defect.
  if (code !== undefined && syscall !== undefined) return (error as Error).message;
  if (code?.startsWith("ERR_PARSE_ARGS")) return (error as Error).message;
  return error;
}
