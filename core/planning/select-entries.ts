import { ZiplinkError } from "../errors.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { parseIndexList } from "./index-list.ts";

/** The last selection of each plan: the slices of a download all ask for the same one. */
const latest = new WeakMap<Plan, { readonly only: string; readonly plan: Plan }>();

/**
 * The part of an archive that a request's parameters ask for, as a plan of its own:
 *
 * - `only`: which entries, counted from 0 in the plan's order, such as "0,3-7"; may be given many times. Without
 *   it, all of them. They keep the names that they have in the whole, and their order.
 * - `of`: the ETag, without its quotes, of the archive whose entries are counted. Numbers mean other files once
 *   another archive is behind the link.
 *
 * Throws `malformed` for an `only` that is not such a list, and `precondition_failed` if the archive is not the
 * one that `of` names.
 */
export function selectEntries(whole: Plan, parameters: URLSearchParams): Plan {
  const of = parameters.get("of");
  if (of !== null && `"${of}"` !== layoutZip(whole).etag) {
    throw new ZiplinkError(
      "precondition_failed",
      "The contents have changed since these files were chosen. Choose them again.",
    );
  }
  if (!parameters.has("only")) return whole;
  const only = parameters.getAll("only").join(",");
  const known = latest.get(whole);
  if (known?.only === only) return known.plan;
  const indices = parseIndexList(only, whole.entries.length, "only");
  const entries = indices.flatMap((index) => whole.entries[index] ?? []);
  const plan = { ...whole, entries };
  latest.set(whole, { only, plan });
  return plan;
}
