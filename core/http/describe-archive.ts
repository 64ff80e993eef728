import type { Link } from "../links/link.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { downloadName, type ResponseLimits } from "./respond.ts";

/** A description of an archive for clients: no keys, only the names that the ZIP shows anyway. Plain data. */
export interface ArchiveDescription {
  /** File name of the download, ending in `.zip`. */
  readonly filename: string;
  /** Heading of the link's page, if the link has one. */
  readonly title: string | undefined;
  /** Maker of the link, if the link names one. */
  readonly issuer: string | undefined;
  /** Text from the sender, if the link states one: plain text, line breaks included. */
  readonly message: string | undefined;
  /** Whether entries are stored or compressed. */
  readonly compression: Plan["format"]["compression"];
  /** Length of the archive in bytes; `null` for a compressed one, whose length is unknown until it is complete. */
  readonly length: number | null;
  /** Strong entity tag, with its quotes. */
  readonly etag: string;
  /** Longest range that one response can have, in bytes; `null` if there is no limit, or no ranges. */
  readonly slice: number | null;
  /** When the link expires. */
  readonly expires: Date;
  /** The entries, in their order in the archive. */
  readonly entries: readonly EntryDescription[];
}

/** One entry of an archive. */
export interface EntryDescription {
  /** Final name in the ZIP; the name of a folder ends in `/`. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** When the object was last modified. */
  readonly modified: Date;
}

/** Describes the archive of `plan` for a holder of `link`. */
export function describeArchive(
  link: Link,
  plan: Plan,
  { maxResponseBytes }: ResponseLimits,
): ArchiveDescription {
  const { length, etag } = layoutZip(plan);
  const { compression } = plan.format;
  const isStored = compression === "store";
  return {
    filename: downloadName(link.spec.name),
    title: link.title,
    issuer: link.issuer,
    message: link.message,
    compression,
    length: isStored ? length : null,
    etag,
    slice: isStored && Number.isFinite(maxResponseBytes) ? maxResponseBytes : null,
    expires: link.expires,
    entries: plan.entries.map(({ name, blob }) => ({
      name,
      size: blob.size,
      modified: blob.modified,
    })),
  };
}
