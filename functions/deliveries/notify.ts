import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { retryDelay } from "../../core/async/retry.ts";
import type { Delivery } from "../../core/delivery/delivery.ts";
import { shownStatus } from "../../core/delivery/move-delivery.ts";

/** How notices are sent. */
export interface NotifierOptions {
  /** `whsec_` and base64. */
  readonly secret: string;
  /** Returns how to reach a URL. Throws for one that is not allowed. */
  readonly agentFor: (url: string) => { readonly url: URL; readonly dispatcher: Dispatcher };
  /** Attempts at one notice. Default 8, over about five minutes. */
  readonly attempts?: number;
  /** First delay before another attempt. Milliseconds; default 2,000. */
  readonly backoffMs?: number;
  /** Called when a notice has been given up, or delivered. */
  readonly observe: (outcome: "sent" | "given_up") => void;
}

const TIMEOUT_MS = 15_000;
const MAX_BACKOFF_MS = 120_000;

/**
 * Sends notices of deliveries, signed by the Standard Webhooks specification: at least once, as another
 * attempt may follow one whose answer was lost. A notice has the delivery's id and status and no more:
 * neither keys nor links.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function createNotifier(options: NotifierOptions) {
  const { secret, agentFor, attempts = 8, backoffMs = 2_000, observe } = options;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");

  return async function notify(delivery: Delivery, signal?: AbortSignal): Promise<void> {
    const status = shownStatus(delivery);
    if (!delivery.notify?.events.includes(status)) return;
    const payload = JSON.stringify({
      type: `delivery.${status}`,
      timestamp: delivery.updated,
      data: { id: delivery.id, status, ...(delivery.error && { error: delivery.error }) },
    });
    // The same notice has the same id at each attempt, by which its receiver knows it.
    const id = `msg_${delivery.id}_${delivery.attempt}_${status}`;
    for (let failures = 1; ; failures++) {
      if (await send(delivery.notify.url, id, payload, signal)) return observe("sent");
      if (failures >= attempts) return observe("given_up");
      const wait = retryDelay(failures, undefined, {
        firstMs: backoffMs,
        maxMs: MAX_BACKOFF_MS,
        maxAskedMs: 0,
      });
      await sleep(wait ?? backoffMs, undefined, { ref: false, ...(signal && { signal }) });
    }
  };

  /** Whether the receiver has taken the notice. */
  async function send(to: string, id: string, payload: string, signal?: AbortSignal) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${payload}`);
    try {
      const { url, dispatcher } = agentFor(to);
      const { statusCode, body } = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: "POST",
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": timestamp,
          "webhook-signature": `v1,${signature.digest("base64")}`,
        },
        body: payload,
        signal: signal ?? null,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      await body.dump({ limit: 16_384 });
      return statusCode >= 200 && statusCode < 300;
    } catch {
      signal?.throwIfAborted();
      return false; // another attempt follows, whatever it was
    }
  }
}
