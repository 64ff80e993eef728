import type { ArchiveRequest } from "./archive-request.ts";
import { type Archives, assertPinned } from "./archives.ts";
import type { Caller } from "./caller.ts";
import type { JwtKeys } from "./jwt-keys.ts";
import { signLink } from "./link.ts";
import type { ManifestStore } from "./manifest.ts";
import { plannedBytes } from "./plan.ts";
import type { RequestScope } from "./request-scope.ts";
import { layoutZip } from "./zip/layout.ts";

export interface CallerArchivesOptions {
  readonly archives: Archives;
  /** What links are signed with. */
  readonly linkKeys: JwtKeys;
  readonly manifests?: ManifestStore | undefined;
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
  const { archives, linkKeys, manifests } = options;
  return {
    async send(request, caller, archive, scope) {
      const plan = await archives.plan(archive, { signal: request.signal });
      assertPinned(archive, plan);
      return archives.send(request, { archive, plan, party: { subject: caller.id }, scope });
    },
    async mint(request, caller, archive, { pin, ...terms }, { audit }) {
      const plan = await archives.plan(archive, { signal: request.signal });
      assertPinned(archive, plan);
      const id = crypto.randomUUID();
      const contents = pin ? { ...archive, etag: layoutZip(plan).etag } : archive;
      const token = await signLink(contents, { ...terms, id, keys: linkKeys, manifests });
      const entries = plan.entries.length;
      const bytes = plannedBytes(plan);
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
