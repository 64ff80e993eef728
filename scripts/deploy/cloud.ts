import { type JwtKeys, parseJwks, secretKeys } from "../../core/links/jwt-keys.ts";
import { CommandError } from "../command.ts";
import { FailedCommand, MissingProgram, type Runner } from "./runner.ts";
import type { DeployPlan, Read } from "./step.ts";

/** A place to deploy to. */
export interface Cloud {
  /** For people: the cloud and where in it. */
  readonly place: string;
  /**
   * Sees whether all is there that a deployment needs, and what of it is there already. Changes nothing.
   * Throws `CommandError` that says what to do: no CLI, an old one, no login, another account.
   */
  readonly inspect: (runner: Runner) => Promise<CloudState>;
  /**
   * What would be found in an empty place, for a dry run without a login; secrets that must be
   * there are.
   */
  readonly emptyState: CloudState;
  readonly url: Read<string>;
  /** What signs links. */
  readonly linkKeys: Read<JwtKeys>;
}

/** What was found, and so what is to be done. */
export interface CloudState {
  /** For people: as whom, and where. */
  readonly account: string;
  /**
   * The steps of a deployment of the bundle at `path`, relative to the root. Throws `CommandError`
   * if secrets are missing, or anything of the same name is somebody else's.
   */
  readonly planDeploy: (path: string) => DeployPlan;
  /**
   * The steps that undo it, whatever is gone already. Throws `CommandError` for what is somebody
   * else's.
   */
  readonly planDestroy: (withSecret: boolean) => DeployPlan;
}

/** The mark by which a later run knows what it may change and destroy: a description. */
export const DESCRIPTION = "Ziplink, made by npm run deploy";

/** Something of this name that another made is neither changed nor destroyed. */
export function foreign(what: string): CommandError {
  return new CommandError(
    `There is a ${what} already that npm run deploy has not made. Choose another name in deploy.config.ts.`,
  );
}

/** There is no CLI, or nobody is logged in: nothing can be found out. */
export class NotReady extends CommandError {
  override readonly name = "NotReady";
}

/**
 * What `see` finds, which looks for the CLI and for who is logged in. Throws `NotReady` that says
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

/** What `npm run deploy` makes from random bytes if it is not there. */
const MADE = ["LINK_SECRET", "API_SECRET"];

/** The names of secrets that cannot be made up. */
export function givenSecrets(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([variable]) => !MADE.includes(variable))
    .map(([, name]) => name);
}

/** Throws `CommandError` that has all `problems`, if there are any. */
export function refuseAll(problems: readonly string[]): void {
  if (problems.length > 0) throw new CommandError(problems.join("\n"));
}

/** The name of the secret that signs links. */
export function linkKeysName({ LINK_SECRET, LINK_JWKS }: Readonly<Record<string, string>>): string {
  return LINK_SECRET ?? LINK_JWKS ?? "";
}

/** What signs links, from its secret's value. Throws `CommandError` if that is no set of keys. */
export function parseLinkKeys(secrets: Readonly<Record<string, string>>, value: string): JwtKeys {
  try {
    return secrets.LINK_JWKS === undefined ? secretKeys(value) : parseJwks(value);
  } catch (cause) {
    // Its messages name fields and quote nothing.
    const { message } = cause as Error;
    throw new CommandError(`The secret ${linkKeysName(secrets)}: ${message}`, { cause });
  }
}
