import * as z from "zod/mini";
import { validate } from "../../core/input/validate.ts";

/** A whole number in an environment variable; digits and underscores, as in 10_000. */
export const integer = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.pipe(
    z.pipe(
      z.string().check(z.regex(/^\d[\d_]*$/, "must be a whole number")),
      z.transform((digits: string) => Number(digits.replaceAll("_", ""))),
    ),
    z.int().check(z.minimum(min), z.maximum(max)),
  );

/** A secret of which HS256 takes the UTF-8 bytes. */
export const secretSchema = z.string().check(
  z.refine((secret) => Buffer.byteLength(secret) >= 32, {
    message: "must have at least 32 bytes; make one with: openssl rand -base64 32",
  }),
);

/** The URL of a server. */
export const urlSchema = z.url({ protocol: /^https?$/ });

/** A list with commas between its items; none of them is empty. */
export const listSchema = z.pipe(
  z.string(),
  z.transform((list: string) =>
    list
      .split(",")
      .map((item) => item.trim())
      .filter(Boolean),
  ),
);

/** Settings that cannot be used, each named with what to do. Never quotes a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** The message alone: where the code noticed an operator's slip helps nobody to mend it. */
  override readonly stack: string;

  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

/** Variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with settings, each problem beginning with the name of one. */
export function needChange(...problems: readonly string[]): ConfigError {
  const lines = problems.map((problem) => `  ${problem}`);
  return new ConfigError(["These environment variables need a change:", ...lines].join("\n"));
}

/** The settings of a schema from environment variables. Throws `ConfigError`, which names all that are wrong. */
export function parse<T extends z.ZodMiniObject>(schema: T, env: Environment): z.infer<T> {
  // A variable that is set to nothing counts as not set, as it does for shells and consoles.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = validate(schema, given, { isOnce: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const isMissing = given[String(path[0])] === undefined;
    return `${path.join(".")} ${isMissing ? "is not set" : message}`;
  });
  throw needChange(...problems);
}
