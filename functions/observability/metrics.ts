import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { DeliveryEvent } from "../../core/delivery/deliveries.ts";
import type { AuditEvent } from "../../core/http/audit.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";
import { isSetupFailure } from "../../core/source/store-errors.ts";

/** The bytes of a download have contradicted known checksums, which were replaced. */
export interface CrcContradicted {
  /** The event's type. */
  readonly event: "crc_contradicted";
  /** Number of its entries concerned. */
  readonly entries: number;
}

/** Metrics of this process, in the Prometheus text format. */
export interface Metrics {
  /** Counts an event. */
  observe(event: AuditEvent | DeliveryEvent | StoreEvent | CrcContradicted): void;
  /** Returns the current values. */
  read(): Promise<{
    /** The values in the Prometheus text format. */
    readonly text: string;
    /** Media type of `text`, including the format's version. */
    readonly contentType: string;
  }>;
}

const OUTCOMES = ["completed", "aborted", "stalled", "failed"] as const;
const BREAKER_STATES = ["closed", "open", "half_open"] as const;

/**
 * Creates metrics that are derived from events alone, so that they agree with the log. Labels are
 * outcomes, statuses, codes and states, all of them closed sets; never an ID, a name or an address.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const { downloads, sent, active, firstByte, refused, denied, links } = requestMetrics(registers);
  const { retries, breaker, contradicted } = storeMetrics(registers);
  const { deliveries, delivered, started } = deliveryMetrics(registers);
  const setBreaker = (current: (typeof BREAKER_STATES)[number]) => {
    for (const state of BREAKER_STATES) breaker.set({ state }, state === current ? 1 : 0);
  };
  for (const outcome of OUTCOMES) downloads.inc({ outcome }, 0);
  setBreaker("closed");
  collectDefaultMetrics({ register: registry });

  return {
    observe(event) {
      const failure = "failure" in event ? event.failure : undefined;
      if (failure && (failure.code === "denied" || isSetupFailure(failure))) {
        denied.inc({ reason: failure.reason ?? "denied" });
      }
      switch (event.event) {
        case "delivery_started":
          started.set(event.delivery.id, Date.parse(event.delivery.created));
          break;
        case "delivery_ended":
          started.delete(event.delivery.id);
          deliveries.inc({ outcome: event.delivery.status });
          delivered.inc(event.delivery.result?.size ?? 0);
          break;
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
        case "crc_contradicted":
          contradicted.inc(event.entries);
          break;
      }
    },
    read: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

/** Registers the metrics of requests. */
function requestMetrics(registers: Registry[]) {
  return {
    downloads: new Counter({
      name: "ziplink_downloads_total",
      help: "Downloads that have ended, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    sent: new Counter({
      name: "ziplink_sent_bytes_total",
      help: "Archive bytes handed to connections, added when a download ends.",
      registers,
    }),
    active: new Gauge({
      name: "ziplink_active_downloads",
      help: "Downloads in progress.",
      registers,
    }),
    firstByte: new Histogram({
      name: "ziplink_first_byte_seconds",
      help: "Time from a request's arrival until the first byte of its archive is ready to send.",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    refused: new Counter({
      name: "ziplink_refused_requests_total",
      help: "Requests answered with an error, by status.",
      labelNames: ["status"],
      registers,
    }),
    denied: new Counter({
      name: "ziplink_denied_requests_total",
      help: "Requests and downloads that failed because the store or the served folder denies access, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    links: new Counter({
      name: "ziplink_links_created_total",
      help: "Links created by POST /links.",
      registers,
    }),
  };
}

/** Registers the metrics of the store. */
function storeMetrics(registers: Registry[]) {
  return {
    retries: new Counter({
      name: "ziplink_store_retries_total",
      help: "Store calls and reads retried after a transient failure, by error code.",
      labelNames: ["code"],
      registers,
    }),
    breaker: new Gauge({
      name: "ziplink_store_breaker_state",
      help: "State of the store's circuit breaker: 1 for the current state, 0 for the others.",
      labelNames: ["state"],
      registers,
    }),
    contradicted: new Counter({
      name: "ziplink_crc_contradictions_total",
      help: "Entries whose bytes contradicted the checksum known before.",
      registers,
    }),
  };
}

/**
 * Registers the metrics of deliveries. Those under way are read from `started`, which must have, for each
 * of them, the time at which it was created.
 */
function deliveryMetrics(registers: Registry[]) {
  const started = new Map<string, number>();
  new Gauge({
    name: "ziplink_active_deliveries",
    help: "Deliveries that this process makes, or that wait for it.",
    registers,
    collect() {
      this.set(started.size);
    },
  });
  new Gauge({
    name: "ziplink_oldest_delivery_seconds",
    help: "Age of the oldest delivery that this process makes; 0 if there is none.",
    registers,
    collect() {
      const oldest = Math.min(...started.values());
      this.set(started.size === 0 ? 0 : (Date.now() - oldest) / 1000);
    },
  });
  return {
    started,
    deliveries: new Counter({
      name: "ziplink_deliveries_total",
      help: "Deliveries that have ended or been paused here, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    delivered: new Counter({
      name: "ziplink_delivered_bytes_total",
      help: "Bytes of completed deliveries.",
      registers,
    }),
  };
}
