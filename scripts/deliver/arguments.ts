import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { DeliveryRequest } from "../../core/delivery/delivery-request.ts";
import { parseArchiveSpec } from "../../core/planning/archive-spec.ts";
import { UsageError } from "../command.ts";

export const USAGE = `--to URL (--prefix P | --manifest FILE | --key K | --url U) [options]
  or one of --resume ID | --cancel ID | --verify ID [--deep] | --list | --cleanup [--older 7d]

  --to URL        where to put it: s3://bucket/key, gs://bucket/key or a path
  --prefix P      an archive of all objects whose keys begin with P; "" for the whole source
  --manifest F    an archive of what a file lists: an archive spec as JSON
  --key K         one object, as it is
  --url U         one file from a URL, of a host in URL_HOSTS
  --deflate       compresses the archive; such a delivery begins anew when it is resumed
  --sha256 X, --md5 X, --size N   what a file must have; otherwise nothing becomes visible
  --age R         encrypts for this age recipient (age1...); repeatable
  --overwrite     replaces an object that is there
  --id ID         a name of your own for the delivery; by default a new one
  --parts N       parts that are sent at once (default 4)
  --part-size N   MiB of each part (default 16)

  --resume ID     goes on with a delivery that was paused or killed, and sends what is missing
  --cancel ID     gives a delivery up; nothing stays behind
  --verify ID     compares the delivered object with what was sent; --deep reads it back
  --list          lists the deliveries of this state store
  --cleanup       removes the state of deliveries that are over, and uploads nobody goes on with,
                  if they are older than --older (default 7d)
  --json          prints progress and the result as JSON, a line each

Objects are read from SOURCE. State is kept in DELIVERY_STORE (default .ziplink-deliveries): use a
bucket to go on from another machine. Ctrl-C pauses.

Exit codes: 0 done, 1 failed or refused, 3 paused and to be resumed.`;

/** The action that the arguments ask for. */
export type DeliverAction =
  | {
      readonly kind: "deliver";
      readonly to: string;
      readonly request: DeliveryRequest;
      readonly overwrite: boolean;
      readonly id: string | undefined;
    }
  | { readonly kind: "resume" | "cancel"; readonly id: string }
  | { readonly kind: "verify"; readonly id: string; readonly deep: boolean }
  | { readonly kind: "list" }
  | { readonly kind: "cleanup"; readonly olderSeconds: number };

/** The arguments of `ziplink deliver`. */
export interface DeliverArguments {
  readonly action: DeliverAction;
  readonly json: boolean;
  /** Overrides of DELIVERY_CONCURRENCY and DELIVERY_PART_BYTES. */
  readonly concurrency: number | undefined;
  readonly partBytes: number | undefined;
}

/** Parses the arguments. Throws `UsageError`. */
export function parseDeliverArguments(args: string[]): DeliverArguments {
  const { values } = parseArgs({
    args,
    options: {
      to: { type: "string" },
      prefix: { type: "string" },
      manifest: { type: "string" },
      key: { type: "string" },
      url: { type: "string" },
      deflate: { type: "boolean", default: false },
      sha256: { type: "string" },
      md5: { type: "string" },
      size: { type: "string" },
      age: { type: "string", multiple: true },
      overwrite: { type: "boolean", default: false },
      id: { type: "string" },
      parts: { type: "string" },
      "part-size": { type: "string" },
      resume: { type: "string" },
      cancel: { type: "string" },
      verify: { type: "string" },
      deep: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      cleanup: { type: "boolean", default: false },
      older: { type: "string", default: "7d" },
      json: { type: "boolean", default: false },
    },
  });
  const partSize = optionalNumber("--part-size", values["part-size"]);
  return {
    action: toAction(values),
    json: values.json,
    concurrency: optionalNumber("--parts", values.parts),
    partBytes: partSize === undefined ? undefined : partSize * 1024 * 1024,
  };
}

interface Values {
  readonly to?: string | undefined;
  readonly prefix?: string | undefined;
  readonly manifest?: string | undefined;
  readonly key?: string | undefined;
  readonly url?: string | undefined;
  readonly deflate: boolean;
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
  readonly size?: string | undefined;
  readonly age?: string[] | undefined;
  readonly overwrite: boolean;
  readonly id?: string | undefined;
  readonly resume?: string | undefined;
  readonly cancel?: string | undefined;
  readonly verify?: string | undefined;
  readonly deep: boolean;
  readonly list: boolean;
  readonly cleanup: boolean;
  readonly older: string;
}

function toAction(values: Values): DeliverAction {
  const { to, resume, cancel, verify, list, cleanup } = values;
  const chosen = [to, resume, cancel, verify].filter((value) => value !== undefined).length;
  if (chosen + Number(list) + Number(cleanup) !== 1) {
    throw new UsageError("Give --to, or one of --resume, --cancel, --verify, --list, --cleanup.");
  }
  if (resume !== undefined) return { kind: "resume", id: parseId(resume) };
  if (cancel !== undefined) return { kind: "cancel", id: parseId(cancel) };
  if (verify !== undefined) return { kind: "verify", id: parseId(verify), deep: values.deep };
  if (list) return { kind: "list" };
  if (to === undefined) return { kind: "cleanup", olderSeconds: parseDuration(values.older) };
  const id = values.id === undefined ? undefined : parseId(values.id);
  return { kind: "deliver", to, request: toRequest(values), overwrite: values.overwrite, id };
}

function toRequest(values: Values): DeliveryRequest {
  const { prefix, manifest, key, url, deflate, age } = values;
  const given = [prefix, manifest, key, url].filter((value) => value !== undefined);
  if (given.length !== 1) throw new UsageError("Give one of --prefix, --manifest, --key, --url.");
  const encrypt = age && { encrypt: { age } };
  if (prefix === undefined && manifest === undefined) {
    const { sha256, md5 } = values;
    const size = optionalNumber("--size", values.size);
    return { kind: "file", file: { key, url, sha256, md5, size }, ...encrypt };
  }
  const spec = manifest === undefined ? { prefix } : JSON.parse(readFileSync(manifest, "utf8"));
  const compression = deflate ? { compression: "deflate" } : {};
  return {
    kind: "archive",
    spec: parseArchiveSpec({ ...spec, ...compression }, { path: "" }),
    ...encrypt,
  };
}

function parseId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new UsageError("An ID has 1 to 64 letters, digits, - and _.");
}

function optionalNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a whole number.`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function parseDuration(text: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS[unit] ?? 1);
  throw new UsageError("--older takes a duration such as 30m, 12h or 7d.");
}
