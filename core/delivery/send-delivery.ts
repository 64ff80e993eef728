import { layoutZip } from "../zip/layout.ts";
import type { BlobDestination, StoredPart, Upload } from "./blob-destination.ts";
import type { Delivery, DeliveryProgress } from "./delivery.ts";
import type { ContentChecksums } from "./delivery-content.ts";
import { createContent, type DeliveryPlan, plannedLength } from "./delivery-plan.ts";
import { type DeliveryTools, Stopped } from "./delivery-tools.ts";
import { sendParts } from "./send-parts.ts";
import { sendPlanStream } from "./send-plan-stream.ts";

/** A delivery that is to be sent. */
export interface SendingDelivery {
  readonly delivery: Delivery;
  readonly upload: Upload;
  readonly destination: BlobDestination;
  readonly plan: DeliveryPlan;
  /** Called when a part is stored, and for those that were before. */
  readonly onProgress: (progress: DeliveryProgress) => void;
  /** Called once the delivery is no longer this worker's to go on with. */
  readonly stop: (reason: unknown) => void;
}

/** The result of sending. */
export interface SentDelivery {
  readonly parts: readonly StoredPart[];
  readonly checksums: ContentChecksums;
  /** Length of the object, in bytes. */
  readonly size: number;
  /** The archive's ETag, where the object is that archive. */
  readonly etag?: string | undefined;
}

/** Sends all that the destination does not have, and records now and then what has been learnt. */
export async function sendDelivery(
  tools: DeliveryTools,
  work: SendingDelivery,
  signal: AbortSignal,
): Promise<SentDelivery> {
  const { states, headers, concurrency, maxBytes } = tools;
  const { delivery, upload, destination, plan, onProgress } = work;
  const { id, attempt, partBytes = tools.partBytes } = delivery;
  const sources = tools.open();
  const age = delivery.age === undefined ? undefined : headers.open(id, delivery.age);
  const progress = { bytes: 0, total: delivery.total ?? null, parts: 0 };
  const onStored = ({ size }: StoredPart) => {
    progress.bytes += size;
    progress.parts++;
    onProgress({ ...progress });
  };

  if (plannedLength(plan) === undefined) {
    const sending = { plan, age, sources, destination, upload, partBytes, concurrency, maxBytes };
    const watching = watch(tools, work, () => ({ ...progress, content: null }));
    try {
      return await sendPlanStream({ ...sending, onPart: onStored, signal });
    } finally {
      await watching.end();
    }
  }

  const isUrl = plan.kind === "file" && /^https?:\/\//.test(plan.blob.key);
  const source = isUrl && sources.urls ? sources.urls : sources.source;
  const { limits } = destination.traits;
  const content = createContent({ plan, source, limits, partBytes, age });
  for (const record of await states.records(id, attempt, signal)) content.restore(record.content);
  const stored = await destination.listParts(upload, signal);
  for (const part of stored) onStored(part);
  const watching = watch(tools, work, () => ({ ...progress, content: content.record() }));
  try {
    const onPart = (_: unknown, part: StoredPart) => onStored(part);
    const sending = { content, destination, upload, stored, concurrency, onPart, signal };
    const parts = await sendParts(sending);
    const checksums = await content.finish(signal);
    const etag = plan.kind === "archive" && !age ? layoutZip(plan.plan).etag : undefined;
    return { parts, checksums, size: content.length, etag };
  } finally {
    await watching.end();
  }
}

/** Records what has been learnt, and stops the work once another process has changed the status. */
function watch(
  { states, recordMs }: DeliveryTools,
  { delivery: { id, attempt }, stop }: SendingDelivery,
  record: () => DeliveryProgress & { readonly content: unknown },
) {
  let looking: Promise<void> = Promise.resolve();
  const keep = () => states.keepRecord(id, attempt, 0, record());
  const look = async () => {
    const now = (await states.get(id))?.delivery;
    const goesOn = now?.status === "running" || now?.status === "completing";
    if (!goesOn || now.attempt !== attempt) stop(new Stopped());
    else await keep();
  };
  const timer = setInterval(() => {
    // A store that fails in passing is asked again the next time.
    looking = looking.then(look).catch(() => undefined);
  }, recordMs);
  timer.unref();
  return {
    async end() {
      clearInterval(timer);
      await looking;
      await keep().catch(() => undefined); // a record only saves work
    },
  };
}
