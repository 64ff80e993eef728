import { assertFitsResponse } from "../deflate/limits.ts";
import type { Plan } from "../zip/plan.ts";
import type { ArchiveQuery, ResponseLimits } from "./respond.ts";

/**
 * Returns the response for an archive that is compressed while it is sent. Its length is unknown, so the body
 * is sent in chunks and always whole: a `Range` is ignored, as RFC 9110, 14.2 allows. Throws `too_large` if
 * the archive may exceed the platform's limit of one response. That applies to HEAD too, which here cannot
 * report a length, only whether a GET would succeed.
 */
export async function respondDeflated(
  { method }: Pick<ArchiveQuery, "method">,
  plan: Plan,
  { maxResponseBytes }: ResponseLimits,
  headers: Headers,
  open: () => Promise<ReadableStream<Uint8Array>>,
): Promise<Response> {
  assertFitsResponse(plan, maxResponseBytes);
  if (method === "HEAD") return new Response(null, { headers });
  return new Response(await open(), { headers });
}
