import type { BlobInfo, BlobSource } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { formatBytes } from "../input/quantities.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import type { AgeHeader } from "./age.ts";
import { AGE_ALIGNMENT, AgeContent } from "./age-content.ts";
import { ArchiveContent } from "./archive-content.ts";
import type { PartLimits } from "./blob-destination.ts";
import { cutArchive, cutEvenly } from "./cut-parts.ts";
import type { DeliveryContent } from "./delivery-content.ts";
import type { FileRequest } from "./delivery-request.ts";
import { type ExpectedChecksums, FileContent } from "./file-content.ts";

/** The contents of a delivery, pinned; fixed before the first byte. */
export type DeliveryPlan =
  | { readonly kind: "archive"; readonly plan: Plan }
  | { readonly kind: "file"; readonly blob: BlobInfo; readonly expected: ExpectedChecksums }
  /** A file whose length its server does not tell: it is sent as it comes. */
  | {
      readonly kind: "stream";
      readonly url: string;
      readonly size?: number | undefined;
      readonly expected: ExpectedChecksums;
    };

/** Length of what is delivered, before encryption; `undefined` where it is not known in advance. */
export function plannedLength(plan: DeliveryPlan): number | undefined {
  if (plan.kind === "file") return plan.blob.size;
  if (plan.kind === "stream" || plan.plan.format.compression === "deflate") return undefined;
  return layoutZip(plan.plan).length;
}

/** How content is made of a plan. */
export interface ContentOptions {
  readonly plan: DeliveryPlan;
  readonly source: BlobSource;
  readonly limits: PartLimits;
  /** The desired length of a part in bytes. */
  readonly partBytes: number;
  /** Default: not encrypted. */
  readonly age?: AgeHeader | undefined;
}

/** Makes the content of a plan whose length is known in advance. Throws for one whose length is not. */
export function createContent(options: ContentOptions): DeliveryContent {
  const { plan, source, age } = options;
  if (plan.kind === "stream") throw new RangeError("a stream has no parts");
  // The header makes the first part longer than the others.
  if (age && options.limits.equalParts) {
    throw new ZiplinkError(
      "malformed",
      "encrypt: this destination wants parts of one length, which an encrypted delivery does not have.",
    );
  }
  const cut = { ...options, ...(age && { alignment: AGE_ALIGNMENT }) };
  const plain =
    plan.kind === "archive"
      ? new ArchiveContent({
          plan: plan.plan,
          source,
          parts: cutArchive(layoutZip(plan.plan), cut),
        })
      : new FileContent({ ...plan, source, parts: cutEvenly(plan.blob.size, cut) });
  return age ? new AgeContent(plain, age) : plain;
}

/** Files by their URLs. A key is a URL, and there is no listing. */
export interface UrlSource extends BlobSource {
  /** Describes a file as `stat` does, or returns `undefined` where its server does not tell its length. */
  describe(url: string, signal?: AbortSignal): Promise<BlobInfo | undefined>;
  /** Opens a file of unknown length, as `BlobSource.open` does. */
  openUnsized(url: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** Where files are. */
export interface FileSources {
  readonly source: BlobSource;
  /** Absent where no URLs are allowed. */
  readonly urls?: UrlSource | undefined;
}

/** Pins a file; rejects with `too_large`, `corrupt` where it has another size than was stated. */
export async function planFile(
  { url, key, size, ...expected }: FileRequest,
  { source, urls }: FileSources,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<DeliveryPlan> {
  if (url !== undefined && !urls) {
    throw new ZiplinkError("forbidden", "url: this service fetches no URLs; see URL_HOSTS.");
  }
  const found = url === undefined ? source.stat(key ?? "", signal) : urls?.describe(url, signal);
  const blob = await found;
  if (!blob) return { kind: "stream", url: url ?? "", size, expected };
  if (size !== undefined && size !== blob.size) {
    throw new ZiplinkError("corrupt", "The file does not have the size that was stated.", {
      details: { total: blob.size, expected: size },
    });
  }
  if (blob.size > maxBytes) {
    throw new ZiplinkError(
      "too_large",
      `The file has ${formatBytes(blob.size)}; the limit is ${formatBytes(maxBytes)}.`,
      { details: { limit: maxBytes, total: blob.size } },
    );
  }
  return { kind: "file", blob, expected };
}
