import { createHash, timingSafeEqual } from "node:crypto";
import { toZiplinkError } from "../../core/errors.ts";
import { problemResponse } from "../../core/http/problem.ts";
import { badBearer, bearerToken } from "../auth/bearer.ts";
import type { Metrics } from "./metrics.ts";

/** Metrics and the token that gives access to them. */
export interface MetricsEndpoint {
  /** Metrics to read; see `createMetrics`. */
  readonly metrics: Metrics;
  /** Bearer token that a reader must send. */
  readonly token: string;
}

/** Answers `GET /metrics`; 401 without the token. Rejects only with errors that are defects. */
export async function answerMetrics(
  request: Request,
  { metrics, token }: MetricsEndpoint,
): Promise<Response> {
  try {
    if (!isSame(bearerToken(request), token)) throw badBearer();
    const { text, contentType } = await metrics.read();
    return new Response(text, {
      headers: { "Content-Type": contentType, "Cache-Control": "no-store" },
    });
  } catch (error) {
    if (toZiplinkError(error).code !== "unauthorized") throw error;
    return problemResponse(error);
  }
}

/** Compares digests, which have equal lengths, in a time that does not depend on where they differ. */
function isSame(shown: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(shown), digest(expected));
}
