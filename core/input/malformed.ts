import type * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";

/** An unknown field may be named anything, of any length. */
const MAX_FIELD_LENGTH = 200;

/**
 * What is wrong with an input that did not parse, as an error that names the first field concerned:
 * `zip.entries.0.key`, or `body` for the input as a whole. An unknown field is named itself.
 *
 * @param path where the input stands
 * @param hint a sentence to add
 */
export function malformed(
  { issues }: z.core.$ZodError,
  path: readonly string[],
  hint?: string,
): ZiplinkError {
  const [issue] = issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const name = [...path, ...(issue?.path ?? []), ...unknown].join(".");
  const field = name.slice(0, MAX_FIELD_LENGTH) || "body";
  // Zod lists all of them; the first is enough, and it is the field.
  const message = unknown.length > 0 ? "unknown field" : (issue?.message ?? "invalid");
  return new ZiplinkError("malformed", [`${field}: ${message}.`, hint].filter(Boolean).join(" "), {
    details: { field },
  });
}
