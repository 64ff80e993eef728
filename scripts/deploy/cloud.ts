import { type JwtKeys, parseJwks, secretKeys } from "../../core/links/jwt-keys.ts";
import { CommandError } from "../command.ts";
import { FailedCommand, MissingProgram, type Runner } from "./runner.ts";
import type { DeployPlan, Read } from "./step.ts";

/** A place to deploy to. */
export interface Cloud {
  /** The cloud and the region, for display. */
  readonly place: string;
  /**
   * Checks that everything a deployment needs is available, and finds what already exists. Changes
   * nothing. Throws `CommandError`, which says what to do: there is no CLI, it is too old, nobody
   * is logged in, or the account is another one.
   */
  readonly inspect: (runner: Runner) => Promise<CloudState>;
  /**
   * The state of an empty account in which the secrets that must exist do exist, for a dry run
   * without a login.
   */
  readonly emptyState: CloudState;
  readonly url: Read<string>;
  /** The keys that sign links. */
  readonly linkKeys: Read<JwtKeys>;
}

/** The state that was found, and the plans that follow from it. */
export interface CloudState {
  /** The account and the region, for display. */
  readonly account: string;
  /**
   * Returns the steps of a deployment of the bundle at `path`, relative to the root. Throws
   * `CommandError` if secrets are missing, or if something of the same name was not created by `npm
   * run deploy`.
   */
  readonly planDeploy: (path: string) => DeployPlan;
  /**
   * Returns the steps that undo a deployment. They succeed even if parts of it are already gone.
   * Throws `CommandError` if something of the same name was not created by `npm run deploy`.
   */
  readonly planDestroy: (withSecret: boolean) => DeployPlan;
}

/**
 * The description that marks what a deployment creates, so that a later run may change and destroy
 * it.
 */
export const DESCRIPTION = "Ziplink, made by npm run deploy";

/**
 * Returns the error for a resource of this name that `npm run deploy` did not create, and so
 * neither changes nor destroys.
 */
export function foreign(what: string): CommandError {
  return new CommandError(
    `The ${what} already exists and was not created by npm run deploy. Choose another name in deploy.config.ts.`,
  );
}

/** There is no CLI, or nobody is logged in, so nothing can be looked up. */
export class NotReady extends CommandError {
  override readonly name = "NotReady";
}

/**
 * Returns the result of `see`, which looks for the CLI and the login. Throws `NotReady`, which says
 * what to do: `install` if there is no CLI, `login` if a command fails.
 */
export async function seeReady<T>(
  see: () => Promise<T>,
  { install, login }: { readonly install: string; readonly login: string },
): Promise<T> {
  try {
    return await see();
  } catch (cause) {
    if (cause instanceof MissingProgram) {
      throw new NotReady(`${cause.message} ${install}`, { cause });
    }
    if (!(cause instanceof FailedCommand)) throw cause;
    throw new NotReady(`${cause.message}\n\n${login}`, { cause });
  }
}

/** The secrets that `npm run deploy` creates from random bytes if they do not exist. */
const MADE = ["LINK_SECRET", "API_SECRET"];

/** Returns the names of the secrets that must be provided, since they cannot be generated. */
export function givenSecrets(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([variable]) => !MADE.includes(variable))
    .map(([, name]) => name);
}

/** Throws a `CommandError` that lists all `problems`, if there are any. */
export function refuseAll(problems: readonly string[]): void {
  if (problems.length > 0) throw new CommandError(problems.join("\n"));
}

/** Returns the name of the secret that signs links. */
export function linkKeysName({ LINK_SECRET, LINK_JWKS }: Readonly<Record<string, string>>): string {
  return LINK_SECRET ?? LINK_JWKS ?? "";
}

/**
 * Parses the value of the secret that signs links. Throws `CommandError` if it is not a set of
 * keys.
 */
export function parseLinkKeys(secrets: Readonly<Record<string, string>>, value: string): JwtKeys {
  try {
    return secrets.LINK_JWKS === undefined ? secretKeys(value) : parseJwks(value);
  } catch (cause) {
    // The messages of these functions name fields and quote no values.
    const { message } = cause as Error;
    throw new CommandError(`The secret ${linkKeysName(secrets)}: ${message}`, { cause });
  }
}
