import type { JwtKeys } from "../links/jwt-keys.ts";
import { signLink } from "../links/link.ts";
import type { ManifestStore } from "../links/manifest.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { layoutZip } from "../zip/layout.ts";
import { plannedBytes } from "../zip/plan.ts";
import { type Archives, assertPinned } from "./archives.ts";
import type { Caller } from "./caller.ts";
import type { RequestScope } from "./request-scope.ts";

/** What the archives of callers are sent by, and their links made with. */
export interface CallerArchivesOptions {
  /** Those of all links and callers. */
  readonly archives: Archives;
  /** What links are signed with. */
  readonly linkKeys: JwtKeys;
  /** Where requests are kept that are too long for a URL. Default: they are refused. */
  readonly manifests?: ManifestStore | undefined;
}

/** What a link is to be besides its archive spec. */
export interface LinkTerms {
  /** When it stops working. */
  readonly expires: Date;
  /** Whom it is for; appears in the audit log. */
  readonly subject?: string;
  /** The heading of its page. */
  readonly title?: string;
  /** Whether it is for the contents as they are now. */
  readonly pin: boolean;
}

/** A link that has been made, and what its archive holds now. */
export interface MintedLink {
  /** Opens the archive: whoever has it may download. */
  readonly token: string;
  /** How many entries there are. */
  readonly entries: number;
  /** Sum of the files' sizes, in bytes. */
  readonly bytes: number;
}

/** Archives for callers whose right to them has been established. Both reject before the first byte. */
export interface CallerArchives {
  /** The archive as a whole; there are no ranges, as nothing could be asked for again. */
  send(request: Request, caller: Caller, spec: ArchiveSpec, scope: RequestScope): Promise<Response>;
  /** A link to it, once all of it is there. */
  mint(
    request: Request,
    caller: Caller,
    spec: ArchiveSpec,
    terms: LinkTerms,
    scope: RequestScope,
  ): Promise<MintedLink>;
}

/**
 * Archives and links for callers. Both reject as `planArchive` does, and with `precondition_failed`
 * for a pinned request whose contents have changed; `send` also as `Archives.send`, `mint` as
 * `signLink`.
 */
export function createCallerArchives(options: CallerArchivesOptions): CallerArchives {
  const { archives, linkKeys, manifests } = options;
  return {
    async send(request, caller, spec, scope) {
      const plan = await archives.plan(spec, { signal: request.signal });
      assertPinned(spec, plan);
      return archives.send(request, { spec, plan, principal: { subject: caller.id }, scope });
    },
    async mint(request, caller, spec, { pin, ...terms }, { audit }) {
      const plan = await archives.plan(spec, { signal: request.signal });
      assertPinned(spec, plan);
      const id = crypto.randomUUID();
      const contents = pin ? { ...spec, etag: layoutZip(plan).etag } : spec;
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
