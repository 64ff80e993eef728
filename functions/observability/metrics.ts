import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { AuditEvent } from "../../core/http/audit.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";

/** Counts of this process, in Prometheus' text format. */
export interface Metrics {
  /** Counts what an event tells. */
  observe(event: AuditEvent | StoreEvent): void;
  /** All of them now. */
  read(): Promise<{
    /** In Prometheus' text format. */
    readonly text: string;
    /** The media type of `text`, with its version. */
    readonly contentType: string;
  }>;
}

const BREAKER_STATES = ["closed", "open", "half_open"] as const;

/**
 * Metrics that are made of nothing but events, so that they and the log tell the same. Labels are
 * outcomes, statuses, codes and states, all of them closed sets; no id, name or address is one.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const downloads = new Counter({
    name: "ziplink_downloads_total",
    help: "Downloads that have ended, by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  const sent = new Counter({
    name: "ziplink_sent_bytes_total",
    help: "Bytes of archives handed to connections; a download's are counted when it ends.",
    registers,
  });
  const active = new Gauge({
    name: "ziplink_active_downloads",
    help: "Downloads whose bytes are being sent.",
    registers,
  });
  const firstByte = new Histogram({
    name: "ziplink_first_byte_seconds",
    help: "From a request's arrival until the first byte of its archive was there to be sent.",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const refused = new Counter({
    name: "ziplink_refused_requests_total",
    help: "Requests that got an error instead, by status.",
    labelNames: ["status"],
    registers,
  });
  const links = new Counter({
    name: "ziplink_links_created_total",
    help: "Links made by POST /links.",
    registers,
  });
  const retries = new Counter({
    name: "ziplink_store_retries_total",
    help: "Calls and reads that failed in passing and were made again, by the failure's code.",
    labelNames: ["code"],
    registers,
  });
  const breaker = new Gauge({
    name: "ziplink_store_breaker_state",
    help: "The circuit breaker's state: 1 for the one it is in.",
    labelNames: ["state"],
    registers,
  });
  const setBreaker = (current: (typeof BREAKER_STATES)[number]) => {
    for (const state of BREAKER_STATES) breaker.set({ state }, state === current ? 1 : 0);
  };
  for (const outcome of ["completed", "aborted", "failed"]) downloads.inc({ outcome }, 0);
  setBreaker("closed");
  collectDefaultMetrics({ register: registry });

  return {
    observe(event) {
      switch (event.event) {
        case "download_started":
          active.inc();
          firstByte.observe(event.firstByteMs / 1000);
          break;
        case "download_ended":
          active.dec();
          downloads.inc({ outcome: event.outcome });
          sent.inc(event.sent);
          break;
        case "request_refused":
          refused.inc({ status: event.status });
          break;
        case "link_created":
          links.inc();
          break;
        case "store_retried":
          retries.inc({ code: event.code });
          break;
        case "store_breaker":
          setBreaker(event.state);
          break;
      }
    },
    read: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}
