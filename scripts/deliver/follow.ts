import type { Deliveries } from "../../core/delivery/deliveries.ts";
import { formatBytes } from "../../core/input/quantities.ts";
import { CommandError } from "../command.ts";
import { Progress } from "../get/progress.ts";

/** Exit code of a delivery that is paused. */
const PAUSED = 3;

/** How often to look for what other processes do. Milliseconds. */
const LOOK_MS = 2_000;

/**
 * Shows the progress of a delivery that this process makes, until it is over or paused, and sets the exit
 * code. The first Ctrl-C pauses it. Rejects with `CommandError` where it has failed.
 */
export async function followDelivery(
  deliveries: Deliveries,
  id: string,
  caller: string,
  { say, json }: { readonly say: (line: object | string) => void; readonly json: boolean },
): Promise<void> {
  const ending = new AbortController();
  const pause = () => void deliveries.pause(id, caller).catch(() => undefined);
  process.once("SIGINT", pause).once("SIGTERM", pause);
  let bar: Progress | undefined;
  let last = 0;
  try {
    for await (const { delivery, progress } of deliveries.watch(
      id,
      caller,
      LOOK_MS,
      ending.signal,
    )) {
      const { status, total = 0 } = delivery;
      if (json) say({ id, status, ...progress });
      else if (status === "running" && total > 0) {
        bar ??= new Progress(process.stderr, total);
        bar.update(progress.bytes);
        last = progress.bytes;
      }
      if (status === "paused") break;
    }
  } finally {
    process.off("SIGINT", pause).off("SIGTERM", pause);
    ending.abort();
  }
  await deliveries.ended(id);
  const { status, error, result, to } = await deliveries.get(id, caller);
  if (status === "completed" && result) {
    if (bar && !json) bar.finish(result.size);
    const sums = Object.entries(result.checksums).map(([name, sum]) => `${name} ${sum}`);
    say(json ? { id, status, result } : `Delivered ${formatBytes(result.size)} to ${to}`);
    if (!json && sums.length > 0) say(sums.join("\n"));
    return;
  }
  if (bar && !json) bar.finish(last);
  if (json) say({ id, status, error });
  if (status === "paused") {
    process.exitCode = PAUSED;
    if (error) console.error(error.detail);
    console.error(`Paused. To go on: ziplink deliver --resume ${id}`);
    return;
  }
  throw new CommandError(error?.detail ?? `The delivery is ${status}.`);
}
