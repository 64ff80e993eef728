import type { Upload } from "./blob-destination.ts";

/**
 * Where a delivery is. `completing`: its upload is being completed, so it can no longer be cancelled;
 * told to callers as `running`.
 */
export type DeliveryStatus =
  | "pending"
  | "running"
  | "completing"
  | "paused"
  | "completed"
  | "failed"
  | "cancelled";

/** A command that a caller may give. */
export type DeliveryCommand = "cancel" | "pause" | "resume" | "restart" | "verify" | "forget";

/**
 * The effect of each command in each status: the status it leads to, "same" where the command is granted and
 * the status stays, "refused" where it makes no sense.
 */
export const transitions: Readonly<
  Record<DeliveryCommand, Readonly<Record<DeliveryStatus, DeliveryStatus | "same" | "refused">>>
> = {
  cancel: {
    pending: "cancelled",
    running: "cancelled",
    completing: "refused",
    paused: "cancelled",
    completed: "refused",
    failed: "refused",
    cancelled: "same",
  },
  pause: {
    pending: "paused",
    running: "paused",
    completing: "refused",
    paused: "same",
    completed: "refused",
    failed: "refused",
    cancelled: "refused",
  },
  resume: {
    pending: "same",
    running: "same",
    completing: "same",
    paused: "running",
    completed: "refused",
    failed: "refused",
    cancelled: "refused",
  },
  restart: {
    pending: "refused",
    running: "refused",
    completing: "refused",
    paused: "refused",
    completed: "pending",
    failed: "pending",
    cancelled: "pending",
  },
  verify: {
    pending: "refused",
    running: "refused",
    completing: "refused",
    paused: "refused",
    completed: "same",
    failed: "refused",
    cancelled: "refused",
  },
  forget: {
    pending: "refused",
    running: "refused",
    completing: "refused",
    paused: "refused",
    completed: "same",
    failed: "same",
    cancelled: "same",
  },
};

/** Why a delivery has failed, or does not go on by itself. */
export interface DeliveryProblem {
  /** One of `ErrorCode`. */
  readonly code: string;
  /** A sentence for people, which says what to do. */
  readonly detail: string;
}

/** The result of a delivery. */
export interface DeliveryResult {
  /** The object's version, as of a source of its place. */
  readonly version: string;
  /** Its length in bytes. */
  readonly size: number;
  /** The archive's ETag; absent for a file, and where the object is encrypted or compressed. */
  readonly etag?: string | undefined;
  /** CRC-32 in 8 hexadecimal digits, SHA-256 and MD5, as far as they are known. */
  readonly checksums: Readonly<Record<string, string>>;
}

/**
 * The state of a delivery, as it is kept: plain JSON, replaced as a whole by conditional writes. Beside it
 * there are the request, the plan and the workers' records, each an object of its own.
 */
export interface Delivery {
  /** Names it; 22 or 36 characters of base64url or a UUID. */
  readonly id: string;
  /** The caller whose it is; nobody else sees it. */
  readonly caller: string;
  readonly status: DeliveryStatus;
  /** Times in ISO 8601. */
  readonly created: string;
  readonly updated: string;
  /** Where it goes: the URL of the object. */
  readonly to: string;
  /** Objects that may be replaced there. */
  readonly replaces: "nothing" | "anything" | { readonly version: string };
  /** Counts the restarts; a part of the upload's mark. From 1. */
  readonly attempt: number;
  /** Which events to notify the caller of, and where. */
  readonly notify?: { readonly url: string; readonly events: readonly string[] } | undefined;
  /** Length of what is delivered, once it is planned and known in advance. */
  readonly total?: number | undefined;
  /** Length of its parts in bytes; fixed when it is planned. */
  readonly partBytes?: number | undefined;
  /** The sealed header of an encrypted delivery; see `AgeHeader`. */
  readonly age?: string | undefined;
  /** The upload under way, or to be aborted. */
  readonly upload?: Upload | undefined;
  /** Why it failed, or was paused by itself. */
  readonly error?: DeliveryProblem | undefined;
  readonly result?: DeliveryResult | undefined;
  /** Changes with each write, so that no two have the same bytes. */
  readonly nonce: string;
}

/** A worker's record of its progress. It only saves work: without it all goes on as well. */
export interface DeliveryRecord {
  /** Bytes that are stored. */
  readonly bytes: number;
  /** Parts that are stored. */
  readonly parts: number;
  /** As of `DeliveryContent.record`. */
  readonly content: unknown;
}

/** How far a delivery is. */
export interface DeliveryProgress {
  readonly bytes: number;
  /** `null` where the length is not known in advance. */
  readonly total: number | null;
  readonly parts: number;
}

/** The mark of a delivery's upload: another one for each attempt. */
export function markOf({ id, attempt }: Pick<Delivery, "id" | "attempt">): string {
  return `${id}.${attempt}`;
}
