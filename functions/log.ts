import { type Logger, pino } from "pino";
import type { Audit } from "../core/audit.ts";
import type { Config } from "./config.ts";

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
export function createLogger({ logLevel }: Pick<Config, "logLevel">): Logger {
  return pino({
    level: logLevel,
    base: null,
    messageKey: "message",
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ severity: severities[level] ?? "DEFAULT", level }) },
  });
}

/** An audit that writes one line an event. */
export function createAudit(logger: Logger): Audit {
  return (event) => {
    const { event: message, ...fields } = event;
    if ("failure" in fields && fields.failure?.code === "internal") logger.error(fields, message);
    else if (message === "download_ended" && "failure" in fields) logger.warn(fields, message);
    else logger.info(fields, message);
  };
}
