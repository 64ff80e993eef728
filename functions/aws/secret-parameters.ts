import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import { ConfigError, type Environment } from "../config/environment.ts";

/**
 * Returns the environment with the secrets that `SECRET_PARAMETERS` names, read from AWS's Parameter
 * Store: `LINK_SECRET=/ziplink/link-secret,API_SECRET=…`, at most ten. A name that begins with
 * `/aws/reference/secretsmanager/` is a secret in Secrets Manager. Lambda shows environment variables to
 * everyone who may view a function, so the values stay in the store and are read once at startup.
 *
 * Throws `ConfigError` if a parameter does not exist, and the SDK's error if the request fails.
 */
export async function readSecretParameters(env: Environment): Promise<Environment> {
  const pairs = (env.SECRET_PARAMETERS ?? "").split(",").filter((pair) => pair !== "");
  if (pairs.length === 0) return env;
  const names = new Map<string, string>();
  for (const pair of pairs) {
    const [, variable, name] = /^\s*([A-Z][A-Z0-9_]*)=(\S+)\s*$/.exec(pair) ?? [];
    if (variable === undefined || name === undefined) {
      throw new ConfigError("SECRET_PARAMETERS must be NAME=parameter pairs, separated by commas");
    }
    names.set(variable, name);
  }
  const { readParameters } = await withOptionalPackages(() => import("./parameter-store.ts"));
  const values = await readParameters([...new Set(names.values())]);
  const read: Record<string, string> = {};
  for (const [variable, name] of names) {
    const value = values.get(name);
    if (value === undefined) {
      throw new ConfigError(`SECRET_PARAMETERS: the parameter for ${variable} does not exist`);
    }
    read[variable] = value;
  }
  return { ...env, ...read };
}
