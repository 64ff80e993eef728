import * as z from "zod/mini";
import { needChange, secretSchema } from "./environment.ts";

/** Access to metrics, and the naming of traces in the log. */
export interface Observability {
  /** Bearer token for `GET /metrics`; if absent, the route does not exist. */
  readonly metricsToken: string | undefined;
  /** Google Cloud project of the traces that log lines belong to. */
  readonly traceProject: string | undefined;
}

const schema = z.object({
  METRICS: z._default(z.stringbool(), false),
  METRICS_TOKEN: z.optional(
    secretSchema.check(
      z.regex(
        /^[\w.~+/-]+=*$/,
        "must be a bearer token: letters, digits and -._~+/ only, with = only at the end",
      ),
    ),
  ),
  GOOGLE_CLOUD_PROJECT: z.optional(
    z.string().check(z.regex(/^[a-z0-9.:-]+$/, "must be a Google Cloud project ID")),
  ),
});

/** Settings for metrics and traces. */
export const observabilitySettings = schema.shape;

/** Throws `ConfigError` if metrics are on without a token, and thus public, or off with a token. */
export function toObservability(data: z.infer<typeof schema>): Observability {
  const { METRICS: isOn, METRICS_TOKEN: token, GOOGLE_CLOUD_PROJECT: traceProject } = data;
  if (isOn && token === undefined) throw needChange("METRICS=true needs METRICS_TOKEN");
  if (!isOn && token !== undefined) throw needChange("METRICS_TOKEN needs METRICS=true");
  return { metricsToken: token, traceProject };
}
