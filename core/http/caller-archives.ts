import type { JwtKeys } from "../links/jwt-keys.ts";
import { signLink } from "../links/link.ts";
import type { ManifestStore } from "../links/manifest.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { layoutZip } from "../zip/layout.ts";
import { plannedBytes } from "../zip/plan.ts";
import { type Archives, assertPinned, type PlanNow } from "./archives.ts";
import type { Caller } from "./caller.ts";
import type { RequestScope } from "./request-scope.ts";

/** Options of `createCallerArchives`. */
export interface CallerArchivesOptions {
  /** The archives that links and callers share. */
  readonly archives: Archives;
  /** The keys that sign links. */
  readonly linkKeys: JwtKeys;
  /** Keeps specs that are too long for a URL. Default: such specs are refused. */
  readonly manifests?: ManifestStore | undefined;
}

/** The properties of a link, apart from its archive spec. */
export interface LinkTerms {
  /** When the link expires. */
  readonly expires: Date;
  /** The person or system that the link is for; appears in the audit log. */
  readonly subject?: string;
  /** The heading of the link's page. */
  readonly title?: string;
  /** The sender that the link's page names. */
  readonly issuer?: string;
  /** A few lines of text from the sender, for the link's page. */
  readonly message?: string;
  /** Longest token that states its archive spec itself; see `signLink`. */
  readonly maxTokenLength?: number;
  /** Whether to pin the link to the current contents. */
  readonly pin: boolean;
}

/** A new link, and the size of its archive at present. */
export interface MintedLink {
  /** The link's token. Anyone who has it may download the archive. */
  readonly token: string;
  /** Number of entries. */
  readonly entries: number;
  /** Sum of the files' sizes, in bytes. */
  readonly bytes: number;
}

/** Archives and links for callers that are authorized already. Both methods reject before the first byte. */
export interface CallerArchives {
  /** Returns a response with the whole archive. There are no ranges, as no part can be requested again. */
  send(request: Request, caller: Caller, spec: ArchiveSpec, scope: RequestScope): Promise<Response>;
  /** Returns a link to the archive, once all of its objects are found. */
  mint(
    request: Request,
    caller: Caller,
    spec: ArchiveSpec,
    terms: LinkTerms,
    scope: RequestScope,
  ): Promise<MintedLink>;
}

/**
 * Creates the archives and links for callers. Both methods reject as `planArchive` does, and with
 * `precondition_failed` for a pinned spec whose contents have changed; `send` also rejects as
 * `Archives.send` does, `mint` as `signLink` does.
 */
export function createCallerArchives(options: CallerArchivesOptions): CallerArchives {
  const { archives, linkKeys, manifests } = options;
  return {
    async send(request, caller, spec, scope) {
      const plan = await archives.plan(spec, planOptions(request, caller));
      assertPinned(spec, plan);
      return archives.send(request, { spec, plan, principal: { subject: caller.id }, scope });
    },
    async mint(request, caller, spec, { pin, ...terms }, { audit }) {
      const plan = await archives.plan(spec, planOptions(request, caller));
      assertPinned(spec, plan);
      const id = crypto.randomUUID();
      const contents = pin ? { ...spec, etag: layoutZip(plan).etag } : spec;
      const claims = { ...terms, id, caller: caller.id };
      const token = await signLink(contents, { ...claims, keys: linkKeys, manifests });
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

/** A caller whose prefixes cover the keys may know which of them are missing; a holder of a link may not. */
function planOptions({ signal }: Request, { prefixes }: Caller): PlanNow {
  return { signal, namesMissing: prefixes !== undefined };
}
