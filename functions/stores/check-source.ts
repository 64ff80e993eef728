import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import type { BlobSource } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { describeFailure } from "../../core/http/audit.ts";
import { isSetupFailure, storeError } from "../../core/source/store-errors.ts";
import type { Config } from "../config/config.ts";
import { formatLocation, type Location } from "../config/location.ts";
import { openSource } from "./stores.ts";

/** A reason why links will not work, and what to do about it. */
export interface SourceProblem {
  /**
   * `unusable`: no link can work. `unlistable`: a link to all of the source does not work, but links to some
   * of its objects may. `incomplete`: it works, but leaves some files out. `empty`: there is nothing in it yet.
   */
  readonly kind: "unusable" | "unlistable" | "incomplete" | "empty";
  /** Whole sentences that begin with the location. */
  readonly message: string;
}

/** How long to wait for a store. Milliseconds. */
const TIMEOUT_MS = 15_000;

/**
 * Lists the source once, as the service starts, and returns what is wrong with it, if anything. Lists only
 * the first page of a bucket, and of a folder as many files as one archive may have. A web server, which has
 * no listings, is asked for any file. Rejects with `ConfigError` as `openSource` does.
 */
export async function checkSource(config: Config): Promise<SourceProblem | undefined> {
  const { source: location } = config;
  const ofFolder = location.kind === "folder" ? await checkFolder(location.path) : undefined;
  if (ofFolder) return ofFolder;
  const found = await checkListing(await openSource(location, config), config);
  return found && { ...found, message: `${formatLocation(location)}: ${found.message}` };
}

async function checkFolder(path: string): Promise<SourceProblem | undefined> {
  const unusable = (message: string) => ({ kind: "unusable", message }) as const;
  try {
    if (!(await stat(path)).isDirectory()) {
      return unusable(`${path} is a file. Name the folder that it is in.`);
    }
    await access(path, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return unusable(
      code === "ENOENT"
        ? `The folder ${path} does not exist. Create it, or name another one.`
        : `The folder ${path} cannot be read (${code}). Let this user read it, and what is in it.`,
    );
  }
}

async function checkListing(
  source: BlobSource,
  config: Config,
): Promise<SourceProblem | undefined> {
  const { source: location, maxEntries } = config;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    if (location.kind === "http") return await checkServer(source, signal);
    let count = 0;
    for await (const { key, needsStat } of source.list("", signal)) {
      count++;
      if (location.kind !== "folder") return undefined;
      if (needsStat) await source.stat(key, signal);
      if (count > maxEntries) return tooMany(maxEntries);
    }
    return count > 0 ? undefined : { kind: "empty", message: "There are no files here yet." };
  } catch (error) {
    if (!signal.aborted) return explainFailure(error, config);
    // A folder whose listing takes long is not wrong.
    return location.kind === "folder" ? undefined : explainFailure(storeError("timeout"), config);
  }
}

/** Any answer will do: there is no object that must be there. */
async function checkServer(source: BlobSource, signal: AbortSignal): Promise<undefined> {
  try {
    await source.stat("index.html", signal);
  } catch (error) {
    const code = error instanceof ZiplinkError ? error.code : "";
    if (signal.aborted || code === "unavailable" || code === "timeout") throw error;
  }
}

function tooMany(maxEntries: number): SourceProblem {
  return {
    kind: "unlistable",
    message: `There are more than ${maxEntries} files here, the most of one archive (MAX_ENTRIES). Link to folders in it by their prefix.`,
  };
}

function explainFailure(error: unknown, config: Config): SourceProblem {
  const { code, reason, path, causes } = describeFailure(error);
  const advice = adviceFor(reason ?? code, error, config).replace("$FOUND", regionOf(error));
  const facts = path === undefined ? causes : [path];
  const message = facts.length > 0 ? advice.replace(".", () => ` (${facts.join(", ")}).`) : advice;
  if (error instanceof ZiplinkError && isSetupFailure(error)) return { kind: "unusable", message };
  if (path === undefined || reason === "link_in_circle") return { kind: "unlistable", message };
  return config.unreadableFiles === "report"
    ? { kind: "incomplete", message: `${message} Archives leave it out, and list it.` }
    : {
        kind: "unlistable",
        message: `${message} Or let archives leave it out: UNREADABLE_FILES=report.`,
      };
}

/** Returns the region of the bucket in words, as S3 states it when another one is asked. */
function regionOf(error: unknown): string {
  const { cause } = error as { cause?: { $response?: { headers?: Record<string, string> } } };
  const region = cause?.$response?.headers?.["x-amz-bucket-region"] ?? "";
  return /^[a-z0-9-]+$/.test(region) ? region : "the region of the bucket";
}

/** Returns what a failure means and what to do, in sentences of which the first says what is wrong. */
function adviceFor(failure: string, error: unknown, { source, s3 }: Config): string {
  const region = s3.endpoint ? "AWS_REGION and S3_ENDPOINT" : "AWS_REGION";
  const advice = advices[source.kind]?.[failure];
  if (advice !== undefined) return advice.replace("$REGION", region);
  switch (failure) {
    case "unavailable":
    case "timeout":
    case "throttled":
      return "The store cannot be reached now. Check the address and the network.";
    default:
      return error instanceof ZiplinkError ? error.message : "It cannot be listed.";
  }
}

/** Where the advice depends on the store; `$REGION` stands for the settings that lead to a bucket of S3, `$FOUND` for the region of the bucket. */
const advices: Partial<Record<Location["kind"], Readonly<Record<string, string>>>> = {
  s3: {
    no_credentials:
      "No credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role that may read the bucket.",
    wrong_credentials:
      "The store does not accept the credentials. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or log in again.",
    wrong_region: "The bucket is in another region. Set AWS_REGION to $FOUND.",
    no_bucket: "There is no such bucket. Check its name, then $REGION.",
    denied:
      "The store refuses to list it. Allow the credentials s3:ListBucket on the bucket, and s3:GetObject on its objects. Without s3:ListBucket, only links that name their objects can work.",
    unavailable:
      "The store cannot be reached now. Check the network, then $REGION. Many stores other than AWS also need S3_FORCE_PATH_STYLE=true.",
    no_listing: "This is not the answer of an S3 store. Check $REGION.",
    unreadable: "This is not the answer of an S3 store. Check $REGION.",
  },
  gcs: {
    no_credentials:
      "No credentials were found. Run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS, or give this machine a service account that may read the bucket.",
    wrong_credentials:
      "Cloud Storage does not accept the credentials. Check GOOGLE_APPLICATION_CREDENTIALS, or log in again: gcloud auth application-default login.",
    no_bucket: "There is no such bucket. Check its name.",
    denied:
      "Cloud Storage refuses to list it. Give the service's account roles/storage.objectViewer on the bucket. Without storage.objects.list, only links that name their objects can work.",
  },
};
