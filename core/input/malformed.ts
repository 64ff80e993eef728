import type * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { nearestName } from "./nearest.ts";

/** Words that go with a `malformed` error. */
export interface MalformedOptions {
  readonly hint?: string | undefined;
  readonly known?: readonly string[];
}

/** The name of an unknown field is the client's, so it may have any length. */
const MAX_FIELD_LENGTH = 200;

/**
 * Returns a `malformed` error for input that did not parse. It names the first invalid field, such as
 * `zip.entries.0.key`, or `body` for the input as a whole. For an unknown field, it names that field.
 *
 * @param path the input's own path, in front of the field's
 * @param options `hint`: a sentence to append to the message; `known`: the fields that there are, the
 *   nearest of which is named instead if the field is unknown
 */
export function malformed(
  { issues }: z.core.$ZodError,
  path: readonly string[],
  options: MalformedOptions = {},
): ZiplinkError {
  // An unknown field first: it explains the one that is missing, if it is a typing error.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const name = [...path, ...(issue?.path ?? []), ...unknown].join(".");
  const field = name.slice(0, MAX_FIELD_LENGTH) || "body";
  // Zod's own message lists all unknown fields; the first is enough, and `field` names it.
  const message = unknown.length > 0 ? "unknown field" : (issue?.message ?? "invalid");
  const nearest =
    unknown[0] === undefined ? undefined : nearestName(unknown[0], options.known ?? []);
  const hint = nearest === undefined ? options.hint : `Did you mean ${nearest}?`;
  return new ZiplinkError("malformed", [`${field}: ${message}.`, hint].filter(Boolean).join(" "), {
    details: { field },
  });
}
