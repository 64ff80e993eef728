import * as z from "zod/mini";
import { needChange, secretSchema } from "./environment.ts";

/** Who may look into the running service, and how its log names traces. */
export interface Observability {
  /** The bearer token of `GET /metrics`; absent where there is no such route. */
  readonly metricsToken: string | undefined;
  /** The Google Cloud project whose traces the log's lines belong to. */
  readonly traceProject: string | undefined;
}

const schema = z.object({
  METRICS: z._default(z.stringbool(), false),
  METRICS_TOKEN: z.optional(
    secretSchema.check(
      z.regex(
        /^[\w.~+/-]+=*$/,
        "must be of letters, digits and -._~+/ alone, as a bearer token is",
      ),
    ),
  ),
  GOOGLE_CLOUD_PROJECT: z.optional(
    z.string().check(z.regex(/^[a-z0-9.:-]+$/, "is no project's id")),
  ),
});

/** The settings that are about metrics and traces. */
export const observabilitySettings = schema.shape;

/** Throws `ConfigError` where metrics are wanted and open to all, or have a token and are not wanted. */
export function toObservability(data: z.infer<typeof schema>): Observability {
  const { METRICS: isOn, METRICS_TOKEN: token, GOOGLE_CLOUD_PROJECT: traceProject } = data;
  if (isOn && token === undefined) throw needChange("METRICS_TOKEN is not set, as METRICS is");
  if (!isOn && token !== undefined) throw needChange("METRICS is not set, as METRICS_TOKEN is");
  return { metricsToken: token, traceProject };
}
