import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { createUrlHosts, createUrlSource } from "../../adapters/http/index.ts";
import {
  type BlobDestination,
  createResilientUrls,
  createSealedHeaders,
  Deliveries,
  DeliveryStates,
  type StateStore,
  withRetries,
} from "../../core/delivery/index.ts";
import { ZiplinkError } from "../../core/index.ts";
import type { App } from "../../functions/index.ts";
import { callBack, createExportFiles } from "./app.ts";
import { createExportJobs } from "./jobs.ts";

export interface ExportsOptions {
  readonly destination: BlobDestination;
  readonly store: StateStore;
  /** Hosts that may be fetched from and called back; see `createUrlHosts`. */
  readonly urlHosts: readonly string[];
  /** The longest file. */
  readonly maxBytes: number;
  readonly logger: Logger;
  /** Files that are fetched at once. Default 4. */
  readonly concurrency?: number;
}

/** Attempts at one callback, with a wait of a second more each. */
const CALLBACKS = 5;

/** The application, and the deliveries that it makes in this process. */
export function createExports(options: ExportsOptions): { app: App; deliveries: Deliveries } {
  const { store, urlHosts, maxBytes, logger, concurrency = 4 } = options;
  const hosts = createUrlHosts(urlHosts);
  const openUrls = createResilientUrls(createUrlSource({ hosts }));
  const destination = withRetries(options.destination);
  const jobs = createExportJobs(store);
  const deliveries = new Deliveries({
    tools: {
      states: new DeliveryStates(store),
      open: () => {
        const urls = openUrls();
        return { source: urls, urls };
      },
      plan: async () => {
        throw new ZiplinkError("malformed", "Only files are exported.");
      },
      target: (to) => ({ destination, key: to.replace("exports://", "") }),
      headers: createSealedHeaders(Buffer.alloc(32)), // nothing is encrypted
      concurrency: 2,
      partBytes: 8 * 1024 * 1024,
      maxBytes,
      recordMs: 1_000,
    },
    maxActive: concurrency,
    async onEvent({ event, delivery }) {
      logger.info({ delivery: delivery.id, status: delivery.status }, event);
      if (event === "delivery_ended") await callBack({ deliveries, jobs }, delivery.id, send);
    },
  });

  async function send(url: string, body: unknown): Promise<void> {
    hosts.agentFor(url); // refuses hosts that are not listed
    for (let attempt = 1; attempt <= CALLBACKS; attempt++) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        redirect: "manual",
      }).catch(() => undefined);
      if (response?.ok) return;
      await sleep(attempt * 100);
    }
    logger.warn("export_callback_failed");
  }

  const app = createExportFiles({ deliveries, jobs, destination: "exports:/", logger });
  return { app, deliveries };
}
