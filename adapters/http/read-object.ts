import type { BlobInfo, ByteRange } from "../../core/blob-source.ts";
import { parseContentRange } from "../../core/input/content-range.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import {
  type Answer,
  type AnswerHeaders,
  assertAnswers,
  conditionOf,
  isDescribed,
  single,
} from "./answers.ts";
import { refusedStatus, translate } from "./errors.ts";
import { discard } from "./request.ts";

/** Requests one object; rejects as `Requester` does. */
export type RequestObject = (
  method: "GET" | "HEAD",
  headers: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** How an object is described. */
export interface DescribeOptions {
  /** Whether the server has turned out to know no HEAD: 405 or 501. It is then not asked again. */
  readonly knowsHead?: boolean;
  /** Called when it turns out. */
  readonly onNoHead?: () => void;
  /** Whether a GET may find what a HEAD does not, as where a URL is signed for one method. Default false. */
  readonly doubtsMissing?: boolean;
}

/**
 * Returns the header fields that describe an object: those of HEAD or, where that is refused or states too
 * little, those of a GET for the first byte, with the length of the whole. Rejects if both are refused.
 */
export async function requestDescription(
  request: RequestObject,
  { knowsHead = true, onNoHead, doubtsMissing = false }: DescribeOptions = {},
): Promise<AnswerHeaders> {
  if (knowsHead) {
    try {
      const { headers, body } = await request("HEAD", {});
      await discard(body);
      if (isDescribed(headers)) return headers;
    } catch (error) {
      if (!isHeadRefused(error, doubtsMissing)) throw error;
      const status = refusedStatus(error);
      if (status === 405 || status === 501) onNoHead?.();
    }
  }
  const { statusCode, headers, body } = await requestFirstByte(request);
  body.destroy();
  if (statusCode !== 206) return headers;
  // Its own length is that of the part.
  const { size = "" } = parseContentRange(single(headers["content-range"])) ?? {};
  return { ...headers, "content-length": String(size) };
}

/** Statuses of servers that do not know HEAD, do not allow it, or did not sign the URL for it. */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 403, 405, 501]);

function isHeadRefused(error: unknown, doubtsMissing: boolean): boolean {
  const status = refusedStatus(error) ?? 0;
  return HEAD_REFUSED.has(status) || (doubtsMissing && (status === 401 || status === 404));
}

async function requestFirstByte(request: RequestObject): Promise<Answer> {
  try {
    return await request("GET", { range: "bytes=0-0" });
  } catch (error) {
    // An empty object has no first byte.
    if (refusedStatus(error) !== 416) throw error;
    return request("GET", {});
  }
}

/**
 * Opens a range, which must not be empty, of exactly this version. A date says little: the server may have
 * fractions of seconds, or another clock. So if it is the date that is refused, the range is requested
 * without it, and the answer tells the version.
 */
export async function openObject(
  request: RequestObject,
  blob: BlobInfo,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const bytes = { range: `bytes=${range.start}-${range.end - 1}` };
  const condition = conditionOf(blob);
  const answer = await request("GET", { ...bytes, ...condition }).catch((error: unknown) => {
    const isByDate = "if-unmodified-since" in condition && refusedStatus(error) === 412;
    if (!isByDate) throw error;
    return request("GET", bytes);
  });
  try {
    assertAnswers(answer, blob, range);
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
  return new BodyChunks(answer.body, { length: range.end - range.start, signal, translate });
}

/** Checks that an object is still of the version described: HTTP has no request for an empty range. */
export async function openNothing(
  blob: BlobInfo,
  describe: () => Promise<BlobInfo>,
): Promise<AsyncIterable<Uint8Array>> {
  const { version } = await describe();
  if (version !== blob.version) throw storeError("changed");
  return nothing();
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield* [];
}
