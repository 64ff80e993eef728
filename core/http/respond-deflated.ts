import { assertFitsResponse } from "../deflate/limits.ts";
import type { Plan } from "../zip/plan.ts";
import type { ArchiveQuery, ResponseLimits } from "./respond.ts";

/**
 * The response with an archive that is compressed while it is sent. It has no length, so a body is
 * sent in chunks, and only as a whole: a `Range` is ignored, as RFC 9110, 14.2 allows. Throws
 * `too_large` where it may be more than the platform sends at once, for a HEAD too: there is no
 * length to learn by it, only whether a GET will do.
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
