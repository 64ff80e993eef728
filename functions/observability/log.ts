import { type Logger, pino } from "pino";
import type { DeliveryEvent } from "../../core/delivery/deliveries.ts";
import type { Audit, AuditEvent } from "../../core/http/audit.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";

/** Log levels: a line is written if it is at least as severe as the level. */
export const logLevels = ["info", "warn", "error", "silent"] as const;

/** Minimum severity of the lines to write. */
export type LogLevel = (typeof logLevels)[number];

const severities: Readonly<Record<string, string>> = {
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
};

/**
 * Creates a logger whose lines both clouds understand: Cloud Logging reads `severity`, `message` and
 * `timestamp` (https://cloud.google.com/logging/docs/structured-logging), and Lambda's JSON format has
 * `level`, `message` and `timestamp`. Lines are written immediately, because a function may be frozen.
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
 * Creates an audit that writes one log line per event.
 *
 * @param traceProject the Google Cloud project in which Cloud Logging looks up traces
 *   (https://cloud.google.com/trace/docs/trace-log-integration)
 */
export function createAudit(logger: Logger, traceProject?: string): Audit {
  return (event) => {
    const { event: message, ...rest } = event;
    const fields = { ...rest, ...traceField(rest.traceId, traceProject) };
    logger[severityOf(event)](fields, message);
  };
}

/** Returns "warn" for what an operator should look at: failures that are not the client's own. */
function severityOf(event: AuditEvent): "info" | "warn" | "error" {
  const failure = "failure" in event ? event.failure : undefined;
  if (failure?.code === "internal") return "error";
  switch (event.event) {
    case "download_ended":
      return failure ? "warn" : "info";
    case "request_refused":
      return event.status >= 500 || event.failure.code === "denied" ? "warn" : "info";
    default:
      return "info";
  }
}

/** Only IDs of 32 hexadecimal digits are valid in Google Cloud; AWS X-Ray's have another form. */
function traceField(id: string | undefined, project: string | undefined) {
  if (project === undefined || !/^[0-9a-f]{32}$/.test(id ?? "")) return {};
  return { "logging.googleapis.com/trace": `projects/${project}/traces/${id}` };
}

/** Logs changes of the circuit breaker's state. Retries are too frequent to log, and are metrics only. */
export function logStoreEvent(logger: Logger, event: StoreEvent): void {
  if (event.event !== "store_breaker") return;
  const { event: message, ...fields } = event;
  if (event.state === "closed") logger.info(fields, message);
  else logger.warn(fields, message);
}

/** Logs deliveries by their ids: no key, URL or name. */
export function logDeliveryEvent(
  logger: Logger,
  { event: message, delivery }: DeliveryEvent,
): void {
  const { id, caller, attempt, status, error, total, result } = delivery;
  const fields = {
    delivery: id,
    caller,
    attempt,
    status,
    ...(total === undefined ? {} : { total }),
    ...(result && status === "completed" ? { bytes: result.size } : {}),
    ...(error ? { code: error.code } : {}),
  };
  if (error?.code === "internal") logger.error(fields, message);
  else if (status === "failed") logger.warn(fields, message);
  else logger.info(fields, message);
}
