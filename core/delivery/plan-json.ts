import type { BlobInfo } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { type InlineEntry, inlineBytes, isInline } from "../source/inline-entries.ts";
import type { Plan } from "../zip/plan.ts";
import type { DeliveryPlan } from "./delivery-plan.ts";
import type { ExpectedChecksums } from "./file-content.ts";

/** A plan as JSON: dates as text, what an application has given as base64. */
export function encodePlan(plan: DeliveryPlan): unknown {
  if (plan.kind !== "archive") return plan;
  const entries = plan.plan.entries.map(({ name, blob }) => {
    if (!isInline(blob)) return { name, blob };
    if (!(blob.content instanceof Uint8Array)) {
      throw new ZiplinkError("malformed", "An entry that is a stream cannot be delivered.");
    }
    const { content, ...facts } = blob;
    return { name, blob: { ...facts, content: Buffer.from(content).toString("base64") } };
  });
  return { kind: "archive", plan: { entries, format: plan.plan.format } };
}

type EncodedBlob = Omit<BlobInfo, "modified"> & {
  readonly modified: string;
  readonly content?: string;
};

type EncodedPlan =
  | {
      readonly kind: "archive";
      readonly plan: {
        readonly entries: readonly { readonly name: string; readonly blob: EncodedBlob }[];
        readonly format: Plan["format"];
      };
    }
  | {
      readonly kind: "file";
      readonly blob: EncodedBlob;
      readonly expected: ExpectedChecksums;
    }
  | Extract<DeliveryPlan, { kind: "stream" }>;

/** The plan that `encodePlan` has encoded. */
export function decodePlan(encoded: unknown): DeliveryPlan {
  const plan = encoded as EncodedPlan;
  if (plan.kind === "stream") return plan;
  if (plan.kind === "file") return { ...plan, blob: decodeBlob(plan.blob) };
  const entries = plan.plan.entries.map(({ name, blob }) => {
    const { content, ...facts } = blob;
    if (content === undefined) return { name, blob: decodeBlob(facts) };
    return { name, blob: inlineBlob(name, Buffer.from(content, "base64"), decodeBlob(facts)) };
  });
  return { kind: "archive", plan: { entries, format: plan.plan.format } };
}

function decodeBlob(blob: EncodedBlob): BlobInfo {
  return { ...blob, modified: new Date(blob.modified) };
}

function inlineBlob(name: string, bytes: Buffer, facts: BlobInfo): InlineEntry["blob"] {
  return { ...inlineBytes({ name, bytes, modified: facts.modified }).blob, ...facts };
}
