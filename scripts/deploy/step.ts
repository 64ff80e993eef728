import type * as z from "zod";

/** How a command receives the secret that it stores: never as an argument. */
export type SecretInput =
  | { readonly via: "stdin" }
  /**
   * A file that only this user can read, at a path relative to the repository. Removed right
   * afterwards.
   */
  | { readonly via: "file"; readonly path: string };

/** A command that changes something. A deployment is a list of these: plain data. */
export interface Step {
  readonly title: string;
  /** The program and its arguments, none of which is secret. */
  readonly argv: readonly string[];
  /** A new secret of random bytes that this command stores. */
  readonly newSecret?: SecretInput;
  /** If the output of a failure matches, there is nothing to do. */
  readonly tolerates?: RegExp;
  /**
   * If the output of a failure matches, it is temporary: the command is run again some seconds
   * later.
   */
  readonly retries?: RegExp;
}

/** A command that changes nothing. */
export interface Read<T> {
  readonly title: string;
  readonly argv: readonly string[];
  /** If the output of a failure matches, the thing does not exist. */
  readonly absent?: RegExp;
  /** Parses the standard output. Throws if it is not as expected. */
  readonly parse: (stdout: string) => T;
}

/** Returns a parser of JSON output that returns only the part `type` describes. */
export function json<T>(type: z.ZodType<T>): (stdout: string) => T {
  return (stdout) => type.parse(JSON.parse(stdout));
}

/** The steps of a deployment, and the notes that a person should read first. */
export interface DeployPlan {
  readonly steps: readonly Step[];
  /** Shown before the steps. */
  readonly notes: readonly string[];
}

/** Returns a command as a line for a shell, to read or paste. */
export function toShell(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}
