import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";

const { localeError } = en();

/**
 * Parses `input` by a schema; the result's error messages are in English. `zod/mini` loads in a fifth of
 * zod's time but has no messages of its own, so they are supplied here.
 *
 * @param options `isOnce`: set for a schema used so rarely that generating code for it does not pay
 */
export function validate<T extends z.core.$ZodType>(
  schema: T,
  input: unknown,
  { isOnce = false }: { readonly isOnce?: boolean } = {},
): z.core.util.SafeParseResult<z.output<T>> {
  return z.safeParse(schema, input, { error: localeError, jitless: isOnce });
}
