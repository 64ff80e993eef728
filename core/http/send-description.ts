import { createHash } from "node:crypto";
import type { Link } from "../links/link.ts";
import { BodyStream } from "../streaming/body-stream.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { chooseCoding } from "./content-coding.ts";
import { type ArchiveDescription, describeArchive } from "./describe-archive.ts";
import type { Renditions } from "./renditions.ts";
import type { RequestScope } from "./request-scope.ts";
import type { ResponseLimits } from "./respond.ts";

/** A form in which the archives of links are described, such as a page. */
export interface DescriptionForm {
  /** Tells forms apart: for the same link and plan, forms of equal names must render equal text. */
  readonly name: string;
  /** Header fields of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Renders the body. The result is used for all requests for the same link while its archive is the same. */
  readonly render: (archive: ArchiveDescription) => string;
}

/** A description to send. */
export interface DescriptionOptions {
  /** The form of the description. */
  readonly form: DescriptionForm;
  /** The link, and its token. */
  readonly link: Link;
  readonly token: string;
  /** The archive's plan. */
  readonly plan: Plan;
  /** The platform's limits of one response. */
  readonly responseLimits: ResponseLimits;
  /** Where rendered descriptions are shared. */
  readonly renditions: Renditions;
  /** The scope of the request, whose slot is held until the body has been sent. */
  readonly scope: RequestScope;
}

/** Length of the pieces of a body, in bytes. */
const PIECE_BYTES = 64 * 1024;

/**
 * Returns the response that describes an archive in some form, in the coding that the request prefers; without a body for HEAD, for which nothing is
 * rendered. Rejects as `Renditions.open` does.
 */
export async function sendDescription(
  { method, headers, signal }: Pick<Request, "method" | "headers" | "signal">,
  options: DescriptionOptions,
): Promise<Response> {
  const { form, link, token, plan, responseLimits, renditions, scope } = options;
  const coding = chooseCoding(headers.get("Accept-Encoding"));
  const fields = new Headers(form.headers);
  fields.append("Vary", "Accept-Encoding");
  if (coding !== "identity") fields.set("Content-Encoding", coding);
  if (method === "HEAD") return new Response(null, { headers: fields });
  const { etag } = layoutZip(plan);
  const rendition = await renditions.open({
    coding,
    key: `${form.name} ${etag} ${createHash("sha256").update(token).digest("base64url")}`,
    owner: JSON.stringify(link.caller === undefined ? ["link", link.id] : ["of", link.caller]),
    render: () => form.render(describeArchive(link, plan, responseLimits)),
    signal,
  });
  const { bytes } = rendition;
  fields.set("Content-Length", String(bytes.length));
  const body = new BodyStream(async function* () {
    // Views of shared memory. Their receiver may call `release`, but that does not free these.
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      yield bytes.subarray(at, at + PIECE_BYTES);
    }
  }, signal);
  const release = scope.hold();
  body.onEnd(() => {
    rendition.release();
    release();
  });
  return new Response(body.readable, { headers: fields });
}
