import * as z from "zod/mini";
import { validate } from "../../core/input/validate.ts";

/** A whole number in an environment variable: digits and underscores, as in 10_000. */
export const integer = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.pipe(
    z.pipe(
      z.string().check(z.regex(/^\d[\d_]*$/, "must be a whole number")),
      z.transform((digits: string) => Number(digits.replaceAll("_", ""))),
    ),
    z.int().check(z.minimum(min), z.maximum(max)),
  );

/** A secret whose UTF-8 bytes are the HS256 key. */
export const secretSchema = z.string().check(
  z.refine((secret) => Buffer.byteLength(secret) >= 32, {
    message: "must have at least 32 bytes; make one with: openssl rand -base64 32",
  }),
);

/** The URL of a server. */
export const urlSchema = z.url({ protocol: /^https?$/ });

/** A comma-separated list; surrounding spaces and empty items are dropped. */
export const listSchema = z.pipe(
  z.string(),
  z.transform((list: string) =>
    list
      .split(",")
      .map((item) => item.trim())
      .filter(Boolean),
  ),
);

/** Thrown for settings that cannot be used. Names each one and what to do; never quotes a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** The message alone: a stack trace does not help an operator to fix a setting. */
  override readonly stack: string;

  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the error for problems with settings; each problem begins with a setting's name. */
export function needChange(...problems: readonly string[]): ConfigError {
  const lines = problems.map((problem) => `  ${problem}`);
  return new ConfigError(["Fix these environment variables:", ...lines].join("\n"));
}

/** Reads a schema's settings from environment variables. Throws a `ConfigError` naming all invalid ones. */
export function parse<T extends z.ZodMiniObject>(schema: T, env: Environment): z.infer<T> {
  // An empty variable counts as not set, as it does in shells and in the clouds' consoles.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = validate(schema, given, { isOnce: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const isMissing = given[String(path[0])] === undefined;
    return `${path.join(".")} ${isMissing ? "is not set" : message}`;
  });
  throw needChange(...problems);
}
