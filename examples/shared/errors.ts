import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import type * as z from "zod";
import { describeFailure, describeProblem } from "../../core/index.ts";

/**
 * Returns an error in the form of these applications: `{ "detail": "…" }`. Logs a server error
 * without its message, which may quote keys and names.
 */
export function answerError(error: unknown, logger: Logger): Response {
  const {
    status,
    detail,
    headers: fields,
  } = error instanceof HTTPException
    ? { status: error.status, detail: error.message, headers: {} }
    : describeProblem(error);
  if (status >= 500) logger.error({ status, failure: describeFailure(error) }, "request_failed");
  const headers = {
    "Cache-Control": "no-store",
    ...(status === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
    ...fields,
  };
  return Response.json({ detail }, { status, headers });
}

/** Returns `input` as parsed by `schema`. Throws a 422 that names the first invalid field. */
export function validate<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".");
  throw new HTTPException(422, { message: [field, issue?.message].filter(Boolean).join(": ") });
}
