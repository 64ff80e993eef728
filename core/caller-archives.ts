import type { ArchiveRequest } from "./archive-request.ts";
import { type Archives, assertPinned } from "./archives.ts";
import type { Caller } from "./caller.ts";
import { ZiplinkError } from "./errors.ts";
import type { JwtKeys } from "./jwt-keys.ts";
import { signLink } from "./link.ts";
import type { ManifestStore } from "./manifest.ts";
import type { Plan } from "./plan.ts";
import { formatBytes } from "./quantities.ts";
import type { RequestScope } from "./request-scope.ts";
import type { DeliveryLimits } from "./respond.ts";
import { layoutZip } from "./zip/layout.ts";

export interface CallerArchivesOptions {
  readonly archives: Archives;
  /** What links are signed with. */
  readonly linkKeys: JwtKeys;
  readonly manifests?: ManifestStore | undefined;
  readonly delivery: DeliveryLimits;
}

/** What a link is to be besides its archive request. */
export interface LinkTerms {
  readonly expires: Date;
  /** Whom it is for; appears in the audit log. */
  readonly subject?: string;
  /** The heading of its page. */
  readonly title?: string;
  /** Whether it is for the contents as they are now. */
  readonly pin: boolean;
}

export interface MintedLink {
  readonly token: string;
  readonly entries: number;
  /** Sum of the files' sizes. */
  readonly bytes: number;
}

/** Archives for callers whose right to them has been established. Both reject before the first byte. */
export interface CallerArchives {
  /** The archive as a whole; there are no ranges, as nothing could be asked for again. */
  send(
    request: Request,
    caller: Caller,
    archive: ArchiveRequest,
    scope: RequestScope,
  ): Promise<Response>;
  /** A link to it, once all of it is there. */
  mint(
    request: Request,
    caller: Caller,
    archive: ArchiveRequest,
    terms: LinkTerms,
    scope: RequestScope,
  ): Promise<MintedLink>;
}

export function createCallerArchives(options: CallerArchivesOptions): CallerArchives {
  const { archives, linkKeys, manifests, delivery } = options;
  return {
    async send(request, caller, archive, scope) {
      const plan = await archives.plan(archive, request.signal);
      assertPinned(archive, plan);
      assertFits(plan, delivery.maxResponseBytes);
      // Conditions and ranges are about a resource, which a POST's answer is not.
      const whole = { method: "GET", headers: new Headers(), signal: request.signal };
      const party = { subject: caller.id };
      const response = await archives.send(whole, {
        archive,
        plan,
        party,
        scope,
        onFailed: () => undefined, // the plan is not used again
      });
      response.headers.set("Accept-Ranges", "none");
      return response;
    },
    async mint(request, caller, archive, { pin, ...terms }, { audit }) {
      const plan = await archives.plan(archive, request.signal);
      assertPinned(archive, plan);
      const id = crypto.randomUUID();
      const contents = pin ? { ...archive, etag: layoutZip(plan).etag } : archive;
      const token = await signLink(contents, { ...terms, id, keys: linkKeys, manifests });
      const entries = plan.entries.length;
      const bytes = plan.entries.reduce((sum, { blob }) => sum + blob.size, 0);
      const { subject, expires } = terms;
      audit({
        event: "link_created",
        caller: caller.id,
        link: id,
        ...(subject === undefined ? {} : { subject }),
        entries,
        bytes,
        expires,
      });
      return { token, entries, bytes };
    },
  };
}

/** Of a compressed archive, whose length nobody knows yet, `respond` sees to it. */
function assertFits(plan: Plan, limit: number): void {
  const { length } = layoutZip(plan);
  if (length <= limit || plan.format.compression === "deflate") return;
  throw new ZiplinkError(
    "too_large",
    `This archive has ${formatBytes(length)}; here one response can have ${formatBytes(limit)}. ` +
      "Make a link to it (POST /links) and ask for it in ranges.",
    { details: { limit, total: length } },
  );
}
