import { ZiplinkError } from "../errors.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { parseIndexList } from "./index-list.ts";

/** The last selection from each plan: all slices of a download ask for the same one. */
const latest = new WeakMap<Plan, { readonly only: string; readonly plan: Plan }>();

/**
 * Returns a plan of only those entries that the request's parameters select:
 *
 * - `only`: the numbers of the entries in the whole archive, from 0, such as "0,3-7"; may be repeated. Default:
 *   all entries. Selected entries keep their names and their order.
 * - `of`: the ETag, without quotes, of the archive that the numbers refer to. Once the archive behind the link
 *   has changed, the same numbers mean different files.
 *
 * Throws `malformed` if `only` is not such a list, and `precondition_failed` if the archive is not the one that
 * `of` names.
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
