import { createHash } from "node:crypto";

/** What goes wrong with one answer. Bytes are those of its body. */
export type Fault =
  /** This status in place of an answer, for this and the same request's next `times - 1`. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: number | string;
      readonly times?: number;
    }
  /** The connection is reset (RST). The client may then see fewer bytes than were sent. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** The connection is closed (FIN), short of what was announced. */
  | { readonly kind: "close"; readonly afterBytes: number }
  /** No more is sent, and the connection stays open until the client closes it. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** All comes, in packets of this many bytes. */
  | { readonly kind: "slow"; readonly bytesPerChunk: number }
  /** The end is missing, and all headers are about the shorter body. */
  | { readonly kind: "short"; readonly missingBytes: number }
  /** A 206 whose `Content-Range` and bytes are shifted by one; the byte too many is a zero. */
  | { readonly kind: "wrongRange" }
  /** The first byte has a bit flipped. */
  | { readonly kind: "corrupt" }
  /** The connection is closed before any answer, and the store never asked. */
  | { readonly kind: "drop" };

export type FaultKind = Fault["kind"];

export interface ProxiedRequest {
  /** Counted from 0, in the order they come. */
  readonly index: number;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** The `Range` header. */
  readonly range: string | undefined;
}

export type FaultChooser = (request: ProxiedRequest) => Fault | undefined;

/** Kinds that a reader which checks what it gets and tries again comes through. */
const recoverable: readonly FaultKind[] = [
  "status",
  "reset",
  "close",
  "slow",
  "short",
  "wrongRange",
  "drop",
];

/** Statuses of a store that is in trouble and may not be the next time. */
const passingStatuses = [429, 500, 502, 503, 504] as const;

/**
 * Chooses a fault of `kinds` for a share of `rate` (0 to 1) of the requests. What it chooses depends
 * on the seed, the request and how often that was made, and not on the order in which requests come.
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

/** What two requests that ask for the same have in common. */
export function identify({ method, url, range = "" }: ProxiedRequest): string {
  return `${method} ${url} ${range}`;
}

/** Of a `Range` with both ends; else 64 KiB, which an answer may or may not have. */
function lengthAsked(range: string | undefined): number {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  return first === undefined ? 65_536 : Number(last) - Number(first) + 1;
}
