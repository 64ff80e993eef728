import { isPassing } from "../async/retry.ts";
import { ZiplinkError } from "../errors.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { ageLength } from "./age.ts";
import type { StoredObject } from "./blob-destination.ts";
import { type Delivery, type DeliveryProgress, type DeliveryResult, markOf } from "./delivery.ts";
import type { ContentChecksums } from "./delivery-content.ts";
import { type DeliveryPlan, planFile, plannedLength } from "./delivery-plan.ts";
import type { DeliveryRequest } from "./delivery-request.ts";
import { type DeliveryTools, Stopped } from "./delivery-tools.ts";
import { joinedCrc32 } from "./joined-parts.ts";
import { decodePlan, encodePlan } from "./plan-json.ts";
import { sendDelivery } from "./send-delivery.ts";

/**
 * The tasks of a delivery. Each may be called at any time, in any process, and again: what is done is not
 * done twice, and the state in the store decides who wins.
 */
export class DeliveryTasks {
  readonly #tools: DeliveryTools;

  constructor(tools: DeliveryTools) {
    this.#tools = tools;
  }

  /**
   * Makes a delivery, as far as it is not made. Never rejects but with the state store's errors: what goes
   * wrong becomes the delivery's status. A failure that may pass pauses it; any other one fails it, and
   * gives its upload up.
   */
  async run(
    id: string,
    signal: AbortSignal,
    onProgress: (progress: DeliveryProgress) => void,
  ): Promise<Delivery | undefined> {
    const { states } = this.#tools;
    const watch = new AbortController();
    const either = AbortSignal.any([signal, watch.signal]);
    try {
      await this.plan(id, either);
      await this.finish(id, either, onProgress, (reason) => watch.abort(reason));
    } catch (error) {
      const found = await states.get(id);
      const status = found?.delivery.status;
      const isOver = status !== "pending" && status !== "running" && status !== "completing";
      // Another process has paused, cancelled or completed it; or this one is to stop.
      if (!found || isOver || either.aborted) return found?.delivery;
      return (await this.#completed(found.delivery)) ?? (await this.#fail(id, error));
    }
    return (await states.get(id))?.delivery;
  }

  /** Plans and pins what is delivered, once. */
  async plan(id: string, signal: AbortSignal): Promise<Delivery> {
    const { states, partBytes, headers, maxBytes } = this.#tools;
    const delivery = await this.#get(id, signal);
    const { attempt } = delivery;
    const request = (await states.request(id, signal)) as DeliveryRequest;
    let kept = await states.plan(id, attempt, signal);
    if (kept === undefined) {
      const sources = this.#tools.open();
      const made: DeliveryPlan =
        request.kind === "archive"
          ? {
              kind: "archive",
              plan: await this.#tools.plan(
                { ...request.spec, headerCrc: "always" },
                sources.source,
                signal,
              ),
            }
          : await planFile(request.file, sources, maxBytes, signal);
      if (made.kind === "archive") assertPinned(request, made.plan);
      kept = await states.keepPlan(id, attempt, encodePlan(made), signal);
    }
    const length = plannedLength(decodePlan(kept));
    // Made once: whoever comes second finds the header of the first.
    const sealed = request.encrypt && headers.create(id, request.encrypt.age);
    const planned = await states.update(
      id,
      (now) => {
        if (now.attempt !== attempt) return undefined;
        if (now.status === "running" && now.partBytes !== undefined) return undefined;
        if (now.status !== "pending" && now.status !== "running") return undefined;
        const age = now.age ?? sealed;
        const header = age === undefined ? undefined : headers.open(id, age);
        const total = length !== undefined && header ? ageLength(header, length) : length;
        return { status: "running", total, partBytes, age, error: undefined };
      },
      signal,
    );
    if (!planned) throw new Stopped();
    return planned;
  }

  /** Sends what is missing, completes the upload and verifies the object. */
  async finish(
    id: string,
    signal: AbortSignal,
    onProgress: (progress: DeliveryProgress) => void,
    stop: (reason: unknown) => void,
  ): Promise<Delivery> {
    const { states } = this.#tools;
    const delivery = await this.#withUpload(await this.#get(id, signal), signal);
    const { attempt, upload, status } = delivery;
    if (status !== "running" && status !== "completing") return delivery;
    if (!upload) throw new Stopped();
    const { destination } = this.#tools.target(delivery.to);
    if (status === "completing") {
      const object = await destination.findUploaded(upload, signal);
      if (object) return await this.#complete(delivery, object);
    }
    const kept = await states.plan(id, attempt, signal);
    const plan = decodePlan(kept);
    const work = { delivery, upload, destination, plan, onProgress, stop };
    const { parts, checksums, size, etag } = await sendDelivery(this.#tools, work, signal);

    const result = { size, etag, checksums: toHex(checksums), version: "" };
    const completing = await states.update(
      id,
      (now) =>
        now.status === "running" && now.attempt === attempt
          ? { status: "completing", result }
          : undefined,
      signal,
    );
    if (completing?.status === "completed") return completing;
    if (completing?.status !== "completing" || completing.attempt !== attempt) throw new Stopped();
    const crc = checksums.crc32 ?? joinedCrc32(parts);
    const terms = { size, crc32: crc, replaces: delivery.replaces };
    return await this.#complete(
      completing,
      await destination.complete(upload, parts, terms, signal),
    );
  }

  /** Gives the upload of a delivery up that does not go on. */
  async undo(id: string, signal?: AbortSignal): Promise<void> {
    const found = await this.#tools.states.get(id, signal);
    if (!found?.delivery.upload) return;
    const { upload, to, status } = found.delivery;
    if (status !== "cancelled" && status !== "failed") return;
    await this.#tools.target(to).destination.abort(upload, signal);
    await this.#tools.states.update(
      id,
      (now) => (now.upload?.id === upload.id ? { upload: undefined } : undefined),
      signal,
    );
  }

  async #get(id: string, signal: AbortSignal): Promise<Delivery> {
    const found = await this.#tools.states.get(id, signal);
    if (!found) throw new Stopped();
    return found.delivery;
  }

  /** Begins the upload, once: of two processes that have begun one, the second gives its own up. */
  async #withUpload(delivery: Delivery, signal: AbortSignal): Promise<Delivery> {
    if (delivery.upload || delivery.status !== "running") return delivery;
    const { destination, key } = this.#tools.target(delivery.to);
    const kept = await this.#tools.states.plan(delivery.id, delivery.attempt, signal);
    const upload = await destination.begin(key, termsOf(delivery, decodePlan(kept)), signal);
    const begun = await this.#tools.states.update(delivery.id, (now) =>
      now.status === "running" && now.attempt === delivery.attempt && !now.upload
        ? { upload }
        : undefined,
    );
    if (begun?.upload?.id !== upload.id) await destination.abort(upload);
    if (!begun || begun.attempt !== delivery.attempt) throw new Stopped();
    return begun;
  }

  async #complete(delivery: Delivery, { version, size }: StoredObject): Promise<Delivery> {
    const { id, attempt } = delivery;
    const result: DeliveryResult = {
      checksums: {},
      ...delivery.result,
      version,
      size,
    };
    const done = await this.#tools.states.update(id, (now) =>
      now.status === "completing" && now.attempt === attempt
        ? { status: "completed", result, upload: delivery.upload, error: undefined }
        : undefined,
    );
    if (!done) throw new Stopped();
    return done;
  }

  /** Another process may have completed the upload, which then is gone: that is no failure. */
  async #completed(delivery: Delivery): Promise<Delivery | undefined> {
    const { status, upload, to } = delivery;
    if (status !== "completing" || !upload) return undefined;
    try {
      const object = await this.#tools.target(to).destination.findUploaded(upload);
      return object && (await this.#complete(delivery, object));
    } catch (error) {
      if (error instanceof ZiplinkError || error instanceof Stopped) return undefined;
      throw error;
    }
  }

  async #fail(id: string, error: unknown): Promise<Delivery | undefined> {
    const problem = describe(error);
    const isPausing = isPassing(error);
    const failed = await this.#tools.states.update(id, (now) => {
      if (now.status === "completing" && isPausing) return { error: problem };
      if (!["pending", "running", "completing"].includes(now.status)) return undefined;
      return { status: isPausing ? "paused" : "failed", error: problem, result: undefined };
    });
    if (failed?.status !== "failed") return failed;
    try {
      await this.undo(id);
    } catch (undoing) {
      // The clean-up removes the rest; the caller learns of the failure itself.
      if (!(undoing instanceof ZiplinkError)) throw undoing;
    }
    return (await this.#tools.states.get(id))?.delivery ?? failed;
  }
}

function termsOf(delivery: Delivery, plan: DeliveryPlan) {
  const isPlain = delivery.age === undefined;
  const type = plan.kind === "archive" ? "application/zip" : contentTypeOf(plan);
  const isKnown = plan.kind === "archive" && plan.plan.format.compression === "store";
  const etag = isPlain && isKnown ? layoutZip(plan.plan).etag.replaceAll('"', "") : undefined;
  return {
    mark: markOf(delivery),
    contentType: isPlain ? type : "application/octet-stream",
    metadata: etag === undefined ? {} : { "ziplink-etag": etag },
  };
}

function contentTypeOf(plan: DeliveryPlan): string {
  const type = plan.kind === "file" ? plan.blob.contentType : undefined;
  return type ?? "application/octet-stream";
}

/** A pinned spec is for one archive, whichever way that is made. */
function assertPinned(request: DeliveryRequest, plan: Plan): void {
  const etag = request.kind === "archive" ? request.spec.etag : undefined;
  if (etag === undefined || etag === layoutZip(plan).etag) return;
  throw new ZiplinkError(
    "precondition_failed",
    "The contents are not those of the pinned ETag. Ask for a new one, with headerCrc: always.",
  );
}

/** A failure as callers may know it. */
function describe(error: unknown) {
  if (error instanceof ZiplinkError) return { code: error.code, detail: error.message };
  return { code: "internal", detail: "Something went wrong on our side. Restart the delivery." };
}

function toHex({ crc32: crc, ...digests }: ContentChecksums): Record<string, string> {
  return {
    ...(crc === undefined ? {} : { crc32: crc.toString(16).padStart(8, "0") }),
    ...digests,
  };
}
