import { createHash } from "node:crypto";

/** A fault of one answer. Byte counts refer to its body. */
export type Fault =
  /** This status instead of the answer, for this request and its next `times - 1` repetitions. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: number | string;
      readonly times?: number;
    }
  /** The connection is reset (RST). The client may see fewer bytes than were sent. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** The connection is closed (FIN) before the announced length. */
  | { readonly kind: "close"; readonly afterBytes: number }
  /** Nothing more is sent, and the connection stays open until the client closes it. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** Everything arrives, in packets of this many bytes. */
  | { readonly kind: "slow"; readonly bytesPerChunk: number }
  /** The end is missing, and all headers describe the shorter body. */
  | { readonly kind: "short"; readonly missingBytes: number }
  /** A 206 whose `Content-Range` and bytes are shifted by one; the extra byte is a zero. */
  | { readonly kind: "wrongRange" }
  /** The first byte has a bit flipped. */
  | { readonly kind: "corrupt" }
  /** The connection is closed without an answer, and the store receives no request. */
  | { readonly kind: "drop" };

export type FaultKind = Fault["kind"];

export interface ProxiedRequest {
  /** Counted from 0, in the order of arrival. */
  readonly index: number;
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** The `Range` header. */
  readonly range: string | undefined;
}

export type FaultChooser = (request: ProxiedRequest) => Fault | undefined;

/** The kinds from which a reader recovers if it checks its input and retries. */
const recoverable: readonly FaultKind[] = [
  "status",
  "reset",
  "close",
  "slow",
  "short",
  "wrongRange",
  "drop",
];

/** Statuses of a store that may answer a retry. */
const passingStatuses = [429, 500, 502, 503, 504] as const;

/**
 * Chooses a fault of `kinds` for a share of `rate` (0 to 1) of the requests. The choice depends on
 * the seed, the request and how often it was made, and not on the order of requests.
 */
export function seededFaults(
  seed: number,
  rate: number,
  kinds: readonly FaultKind[] = recoverable,
): FaultChooser {
  const times = new Map<string, number>();
  return (request) => {
    const identity = identify(request);
    const time = times.get(identity) ?? 0;
    times.set(identity, time + 1);
    const digest = createHash("sha256").update(`${seed} ${time} ${identity}`).digest();
    const [chance = 0, which = 0, size = 0] = [0, 4, 8].map((at) => digest.readUInt32BE(at));
    if (chance / 2 ** 32 >= rate) return undefined;
    const below = (limit: number) => Math.floor((size / 2 ** 32) * limit);
    const length = lengthAsked(request.range);
    const kind = kinds[which % kinds.length];
    switch (kind) {
      case "status":
        return { kind, status: passingStatuses[below(passingStatuses.length)] ?? 503 };
      case "reset":
      case "close":
      case "stall":
        return { kind, afterBytes: below(length) };
      case "slow":
        return { kind, bytesPerChunk: 256 + below(4096) };
      case "short":
        return { kind, missingBytes: 1 + below(length - 1) };
      case "wrongRange":
      case "corrupt":
      case "drop":
        return { kind };
      default:
        return undefined;
    }
  };
}

/** Returns a key that is equal for requests for the same bytes. */
export function identify({ method, url, range = "" }: ProxiedRequest): string {
  return `${method} ${url} ${range}`;
}

/**
 * Returns the length of a `Range` with both ends; otherwise 64 KiB, which an answer may not have.
 */
function lengthAsked(range: string | undefined): number {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  return first === undefined ? 65_536 : Number(last) - Number(first) + 1;
}
