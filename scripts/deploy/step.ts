import type * as z from "zod";

/** How a command gets a secret that it is to store: never as an argument. */
export type SecretInput =
  | { readonly via: "stdin" }
  /** A file that only this user can read, at a path relative to the repository, gone right after. */
  | { readonly via: "file"; readonly path: string };

/** A command that changes something. A deployment is a list of these: plain data. */
export interface Step {
  readonly title: string;
  /** The program and its arguments, none of them secret. */
  readonly argv: readonly string[];
  /** A new secret of random bytes, for this command to store. */
  readonly newSecret?: SecretInput;
  /** A failure whose output matches means that there is nothing left to do. */
  readonly tolerates?: RegExp;
  /** A failure whose output matches will pass: the command is run again, some seconds later. */
  readonly retries?: RegExp;
}

/** A command that only looks. */
export interface Read<T> {
  readonly title: string;
  readonly argv: readonly string[];
  /** A failure whose output matches means that the thing is not there. */
  readonly absent?: RegExp;
  /** What its standard output says. Throws on what it cannot understand. */
  readonly parse: (stdout: string) => T;
}

/** Parses an answer in JSON of which only `type` is of interest. */
export function json<T>(type: z.ZodType<T>): (stdout: string) => T {
  return (stdout) => type.parse(JSON.parse(stdout));
}

/** What is to be done, and what a person should know of it. */
export interface DeployPlan {
  readonly steps: readonly Step[];
  /** Shown before the steps. */
  readonly notes: readonly string[];
}

/** A command as a line for a shell, to be read or pasted. */
export function toShell(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}
