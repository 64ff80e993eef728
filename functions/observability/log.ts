import { type Logger, pino } from "pino";
import type { Audit } from "../../core/http/audit.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";

/** Levels of the log: a line is written if it is at least as severe as the level. */
export const logLevels = ["info", "warn", "error", "silent"] as const;

/** How severe a line must be to be written. */
export type LogLevel = (typeof logLevels)[number];

const severities: Readonly<Record<string, string>> = {
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
};

/**
 * A logger whose lines both clouds understand: `severity`, `message` and `timestamp` are what Cloud
 * Logging reads (https://cloud.google.com/logging/docs/structured-logging), `level`, `message` and
 * `timestamp` what Lambda's JSON format has. Lines are written at once: a function may be frozen.
 */
export function createLogger({ logLevel }: { readonly logLevel: LogLevel }): Logger {
  return pino({
    level: logLevel,
    base: null,
    messageKey: "message",
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ severity: severities[level] ?? "DEFAULT", level }) },
  });
}

/**
 * An audit that writes one line an event.
 *
 * @param traceProject the Google Cloud project in which Cloud Logging is to look for traces
 *   (https://cloud.google.com/trace/docs/trace-log-integration)
 */
export function createAudit(logger: Logger, traceProject?: string): Audit {
  return (event) => {
    const { event: message, ...rest } = event;
    const fields = { ...rest, ...traceField(rest.traceId, traceProject) };
    if ("failure" in fields && fields.failure?.code === "internal") logger.error(fields, message);
    else if (message === "download_ended" && "failure" in fields) logger.warn(fields, message);
    else logger.info(fields, message);
  };
}

/** Google's ids alone are hexadecimal as a whole. */
function traceField(id: string | undefined, project: string | undefined) {
  if (project === undefined || !/^[0-9a-f]{32}$/.test(id ?? "")) return {};
  return { "logging.googleapis.com/trace": `projects/${project}/traces/${id}` };
}

/** Writes a line when the circuit breaker changes; retries are too many for lines, and are metrics. */
export function logStoreEvent(logger: Logger, event: StoreEvent): void {
  if (event.event !== "store_breaker") return;
  const { event: message, ...fields } = event;
  if (event.state === "closed") logger.info(fields, message);
  else logger.warn(fields, message);
}
