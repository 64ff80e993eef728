import type { ByteRange } from "../blob-source.ts";
import { toZiplinkError } from "../errors.ts";

/**
 * What happened to a download, for the audit log. Keys, file names and tokens are personal data or
 * secrets, so no event has room for one.
 */
export type AuditEvent = DownloadStarted | DownloadEnded | LinkCreated | RequestRefused;

/** What ties the lines of a request to one another, and to those of other services. */
export interface Traced {
  /** As in the response's `X-Request-Id`. */
  readonly requestId?: string;
  /** The trace that the request is part of, in its platform's own form. */
  readonly traceId?: string;
}

/** Whose request it is. */
export interface Principal extends Traced {
  /** The link's id; see `Link`. Absent where there is no link, or none that is genuine. */
  readonly link?: string;
  /** Whom the link was made for, or the caller who asked without one. */
  readonly subject?: string;
}

interface Download extends Principal {
  /** How many entries the archive has. */
  readonly entries: number;
  /** The archive's length in bytes; absent where it is compressed, and known at the end only. */
  readonly length?: number;
  /** The part of it that is sent; absent where it is compressed, and sent as a whole. */
  readonly range?: ByteRange;
}

/** The first bytes of an archive are there to be sent. */
export interface DownloadStarted extends Download {
  /** Tells it from the other events. */
  readonly event: "download_started";
  /** From the request's arrival until its first byte was there to be sent. Milliseconds. */
  readonly firstByteMs: number;
}

/** A download that had started is over. */
export interface DownloadEnded extends Download {
  /** Tells it from the other events. */
  readonly event: "download_ended";
  /** `aborted`: the client left. `failed`: we broke the connection. */
  readonly outcome: "completed" | "aborted" | "failed";
  /** Bytes handed to the connection. */
  readonly sent: number;
  /** From the request's arrival to its end. Milliseconds. */
  readonly durationMs: number;
  /** Why it failed; absent unless it did. */
  readonly failure?: Failure;
}

/** A caller has had a link made. */
export interface LinkCreated extends Traced {
  /** Tells it from the other events. */
  readonly event: "link_created";
  /** Who asked for it. */
  readonly caller: string;
  /** The link's id; see `Link`. */
  readonly link: string;
  /** Whom the link was made for. */
  readonly subject?: string;
  /** How many entries its archive has. */
  readonly entries: number;
  /** Sum of the files' sizes, in bytes. */
  readonly bytes: number;
  /** When the link stops working. */
  readonly expires: Date;
}

/** A request that got an error instead of what it asked for. */
export interface RequestRefused extends Principal {
  /** Tells it from the other events. */
  readonly event: "request_refused";
  /** HTTP status of the response. */
  readonly status: number;
  /** Why it was refused. */
  readonly failure: Failure;
}

/** An error without its messages, which may quote keys and paths. */
export interface Failure {
  /** One of `ErrorCode`; `internal` for what is no `ZiplinkError`. */
  readonly code: string;
  /** Class, and code where it has one, of each cause in turn: ["Error ECONNRESET"]. */
  readonly causes: readonly string[];
  /** Where it was thrown; only for a defect. */
  readonly stack?: readonly string[];
}

/** Takes the audit's events, each as it happens. It must not throw. */
export type Audit = (event: AuditEvent) => void;

/** What may be logged of an error. */
export function describeFailure(error: unknown): Failure {
  const known = toZiplinkError(error);
  const causes: string[] = [];
  let innermost: unknown = known;
  for (let e: unknown = known.cause; e !== undefined && causes.length < 8; ) {
    causes.push(describeOne(e));
    innermost = e;
    e = e instanceof Error ? e.cause : undefined;
  }
  const frames = innermost instanceof Error ? stackFrames(innermost) : [];
  return { code: known.code, causes, ...(known.code === "internal" ? { stack: frames } : {}) };
}

function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? `${error.name} ${code}` : error.name;
}

function stackFrames(error: Error): string[] {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((l) => l.trim());
}
