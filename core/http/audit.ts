import type { ByteRange } from "../blob-source.ts";
import { toZiplinkError } from "../errors.ts";

/**
 * An event for the audit log. Keys, file names and tokens are personal data or secrets, so no event has a
 * field for one.
 */
export type AuditEvent = DownloadStarted | DownloadEnded | LinkCreated | RequestRefused;

/** Ids that connect the log lines of a request with one another and with those of other services. */
export interface Traced {
  /** The request's id, as in the response's `X-Request-Id`. */
  readonly requestId?: string;
  /** The id of the trace that the request belongs to, in the platform's own form. */
  readonly traceId?: string;
}

/** The link or caller on whose behalf a request is made. */
export interface Principal extends Traced {
  /** The link's id; see `Link`. Absent if there is no genuine link. */
  readonly link?: string;
  /** The subject of the link or, without a link, the caller's id. */
  readonly subject?: string;
  /** The caller that created the link, if it names one. */
  readonly caller?: string;
}

interface Download extends Principal {
  /** Number of entries in the archive. */
  readonly entries: number;
  /** How many objects were left out, by the reason; see `Plan.missing`. Absent if none. */
  readonly missing?: Readonly<Record<string, number>>;
  /** The archive's length in bytes. Absent for a compressed archive, whose length is known only at the end. */
  readonly length?: number;
  /** The range being sent. Absent for a compressed archive, which is always sent whole. */
  readonly range?: ByteRange;
}

/** The first bytes of an archive are ready to be sent. */
export interface DownloadStarted extends Download {
  /** The event's type. */
  readonly event: "download_started";
  /** Time from the request's arrival until the first byte was ready to be sent, in milliseconds. */
  readonly firstByteMs: number;
}

/** A download that had started has ended. */
export interface DownloadEnded extends Download {
  /** The event's type. */
  readonly event: "download_ended";
  /**
   * `aborted`: the client left. `stalled`: the client took nothing for too long, and we broke the connection.
   * `failed`: we broke the connection for another reason.
   */
  readonly outcome: "completed" | "aborted" | "stalled" | "failed";
  /** Number of bytes passed to the connection. */
  readonly sent: number;
  /** Time from the request's arrival to the end of the download, in milliseconds. */
  readonly durationMs: number;
  /** The failure; present only if the outcome is `failed`. */
  readonly failure?: Failure;
}

/** A link was made for a caller. */
export interface LinkCreated extends Traced {
  /** The event's type. */
  readonly event: "link_created";
  /** The id of the caller that asked for the link. */
  readonly caller: string;
  /** The link's id; see `Link`. */
  readonly link: string;
  /** The person or system that the link is for. */
  readonly subject?: string;
  /** Number of entries in its archive. */
  readonly entries: number;
  /** Sum of the files' sizes, in bytes. */
  readonly bytes: number;
  /** When the link expires. */
  readonly expires: Date;
}

/** A request was answered with an error. */
export interface RequestRefused extends Principal {
  /** The event's type. */
  readonly event: "request_refused";
  /** HTTP status of the response. */
  readonly status: number;
  /** The reason. */
  readonly failure: Failure;
}

/** An error without its messages, which may quote keys and paths. */
export interface Failure {
  /** One of `ErrorCode`; `internal` for an error that is not a `ZiplinkError`. */
  readonly code: string;
  /** A class of failure more specific than the code, if known: "archived". */
  readonly reason?: string;
  /** The path within a served folder that its owner has to repair: that of a link that leads out, or nowhere. */
  readonly path?: string;
  /** The class and, if any, the code of each cause, outermost first: ["Error ECONNRESET"]. */
  readonly causes: readonly string[];
  /** The stack frames of the innermost cause; only for a defect. */
  readonly stack?: readonly string[];
}

/** Receives each audit event as it happens; must not throw. */
export type Audit = (event: AuditEvent) => void;

/** Describes an error without anything that must not be logged. */
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
  const { code, reason, path } = known;
  return {
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(path === undefined ? {} : { path }),
    causes,
    ...(code === "internal" ? { stack: frames } : {}),
  };
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
