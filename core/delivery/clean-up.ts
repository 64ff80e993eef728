import type { BlobDestination, Upload } from "./blob-destination.ts";
import type { Delivery } from "./delivery.ts";
import type { DeliveryTools } from "./delivery-tools.ts";
import { DeliveryTasks } from "./tasks.ts";

/** Options of a clean-up. */
export interface CleanUpOptions {
  readonly tools: DeliveryTools;
  /** The destinations whose uploads are looked at. */
  readonly destinations: readonly BlobDestination[];
  /** Uploads that no delivery goes on with, and deliveries that are over, go when they are older. */
  readonly before: Date;
}

/** Numbers of removed things. */
export interface CleanedUp {
  /** Deliveries that are over, whose objects stay. */
  readonly deliveries: number;
  /** Uploads that nobody goes on with. */
  readonly uploads: number;
}

/** `mark` of an upload of ours; see `markOf`. */
const MARK = /^[\w-]{1,64}\.\d+$/;

/**
 * Removes the state of deliveries that are over, and uploads of ours that nobody goes on with: those of a
 * process that ended between beginning an upload and noting it, or between a cancellation and its end.
 * Where a store does not keep the mark of an upload, one is ours if its key is that of a delivery.
 */
export async function cleanUp({ tools, destinations, before }: CleanUpOptions): Promise<CleanedUp> {
  const all: Delivery[] = [];
  for await (const delivery of tools.states.list()) all.push(delivery);
  const tasks = new DeliveryTasks(tools);
  const isOver = ({ status }: Delivery) => ["completed", "failed", "cancelled"].includes(status);
  for (const { id } of all.filter(isOver)) await tasks.undo(id);

  const keys = new Set(all.map(({ to }) => tools.target(to).key));
  const live = new Set(all.filter((one) => !isOver(one)).map(({ upload }) => upload?.id));
  const isOurs = ({ key, mark }: Upload) => (mark === "" ? keys.has(key) : MARK.test(mark));
  let uploads = 0;
  for (const destination of destinations) {
    for await (const { upload, begun } of destination.uploads("")) {
      if (begun >= before || live.has(upload.id) || !isOurs(upload)) continue;
      await destination.abort(upload);
      uploads++;
    }
  }
  const old = all.filter((one) => isOver(one) && new Date(one.updated) < before);
  for (const { id } of old) await tools.states.remove(id);
  return { deliveries: old.length, uploads };
}
