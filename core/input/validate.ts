import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";

const { localeError } = en();

/**
 * What `input` is by a schema, or what is wrong with it, in English: zod's small form, which takes a fifth of
 * the time to load, has no texts of its own.
 *
 * @param options `isOnce`: not enough is parsed by the schema for zod to generate code for it
 */
export function validate<T extends z.core.$ZodType>(
  schema: T,
  input: unknown,
  { isOnce = false }: { readonly isOnce?: boolean } = {},
): z.core.util.SafeParseResult<z.output<T>> {
  return z.safeParse(schema, input, { error: localeError, jitless: isOnce });
}
