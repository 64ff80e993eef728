import { ZiplinkError } from "../errors.ts";
import {
  type Delivery,
  type DeliveryCommand,
  type DeliveryStatus,
  transitions,
} from "./delivery.ts";
import type { DeliveryChange, DeliveryStates } from "./delivery-states.ts";

/** A caller's command for a delivery. */
export interface DeliveryMove {
  readonly command: DeliveryCommand;
  readonly id: string;
  readonly caller: string;
  /** Fields that change with the status. Default: none. */
  readonly changes?: ((delivery: Delivery) => DeliveryChange) | undefined;
}

/**
 * Moves a delivery as the table of transitions says. Rejects with `not_found` for one of somebody else's,
 * `conflict` where its status refuses the command.
 */
export async function moveDelivery(
  states: DeliveryStates,
  { command, id, caller, changes = () => ({}) }: DeliveryMove,
): Promise<Delivery> {
  let refused: DeliveryStatus | undefined;
  const changed = await states.update(id, (now) => {
    refused = undefined;
    if (now.caller !== caller) return undefined;
    const next = transitions[command][now.status];
    if (next === "refused") refused = now.status;
    if (next === "refused" || next === "same") return undefined;
    return { status: next, ...(next === "running" && { error: undefined }), ...changes(now) };
  });
  if (changed?.caller !== caller) throw noDelivery();
  if (refused !== undefined) {
    const status = shownStatus({ status: refused });
    throw new ZiplinkError(
      "conflict",
      `A delivery that is ${status} cannot do this: ${command}. See docs/DELIVERIES.md.`,
      { details: { deliveryStatus: status } },
    );
  }
  return changed;
}

/** The status that callers see. */
export function shownStatus({ status }: Pick<Delivery, "status">): DeliveryStatus {
  return status === "completing" ? "running" : status;
}

/** There is no such delivery, or it is somebody else's. */
export function noDelivery(): ZiplinkError {
  return new ZiplinkError("not_found", "There is no such delivery.");
}
