import { clientTexts } from "../texts.ts";

/** What may go wrong, of what has one text whatever the case. */
export type ProblemCode = Exclude<keyof typeof clientTexts.problems, "noRoom">;

/** The download cannot go on by itself. The message is for the person at the page. */
export class Problem extends Error {
  override readonly name = "Problem";
}

/** The problem of this code, with its text. */
export function problem(code: ProblemCode, cause?: unknown): Problem {
  return new Problem(clientTexts.problems[code], { cause });
}

/** What may be over when it is tried again. */
export class PassingProblem extends Error {
  override readonly name = "PassingProblem";
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(code: ProblemCode, retryAfterMs = 0) {
    super(clientTexts.problems[code]);
    this.retryAfterMs = retryAfterMs;
  }
}

/** `error` as something to tell a person. What a disk reports is told from defects of ours by its name. */
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
