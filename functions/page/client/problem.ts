import { texts } from "./texts.ts";

/** Code of a problem whose text is always the same. */
export type ProblemCode = Exclude<keyof typeof texts.problems, "noRoom">;

/** Thrown when a download cannot continue by itself. The message is for the person at the page. */
export class Problem extends Error {
  override readonly name = "Problem";
}

/** Creates the problem with this code and its text. */
export function problem(code: ProblemCode, cause?: unknown): Problem {
  return new Problem(texts.problems[code], { cause });
}

/** Thrown for a problem that another attempt may solve. */
export class PassingProblem extends Error {
  override readonly name = "PassingProblem";
  /** How long the server asks to wait, in milliseconds; `undefined` if it does not. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ProblemCode, retryAfterMs?: number) {
    super(texts.problems[code]);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Converts `error` into a problem to show. Its name distinguishes errors of the disk from defects of the page. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof Error ? error.name : "";
  if (name === "QuotaExceededError") return problem("diskFull", error);
  if (name === "NoModificationAllowedError") return problem("otherTab", error);
  if (/^(?:NotFound|NotAllowed|NotReadable|InvalidState)Error$/.test(name)) {
    return problem("lostFile", error);
  }
  return problem("unexpected", error);
}
