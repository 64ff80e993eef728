import { parseLocation } from "../../functions/config/location.ts";
import type { AwsConfig, GcpConfig } from "./config.ts";

/** The variables with which the S3 client signs its requests, where the platform provides no role. */
const S3_KEYS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/**
 * Returns a warning for each store of another cloud to which the function will have no access: a deployment
 * grants access to the stores of its own cloud only.
 */
export function storeAccessNotes(config: GcpConfig | AwsConfig): string[] {
  const { source, crcStore, manifestStore } = config;
  return Object.entries({ source, crcStore, manifestStore }).flatMap(([setting, url]) => {
    const kind = url === undefined ? undefined : parseLocation(url)?.kind;
    if (config.target === "gcp" && kind === "s3") return s3Notes(setting, config);
    if (config.target === "aws" && kind === "gcs") return [gcsNote(setting)];
    return [];
  });
}

function s3Notes(setting: string, { secrets, environment }: GcpConfig): string[] {
  const keys = S3_KEYS.filter((name) => !(name in secrets || name in environment));
  const problems = [
    ...(keys.length > 0 ? [`gcp.secrets lacks ${keys.join(" and ")}`] : []),
    ...("AWS_REGION" in environment ? [] : ["gcp.environment lacks AWS_REGION"]),
  ];
  if (problems.length === 0) return [];
  return [
    `Warning: Cloud Run has no keys to S3, where "${setting}" is: ${problems.join(", and ")}. Without them the service does not work. See docs/DEPLOY.md, "Secrets".`,
  ];
}

function gcsNote(setting: string): string {
  return `Warning: Lambda has no credentials for Cloud Storage, where "${setting}" is, so the service does not work unless you provide some. Use a bucket of S3, or deploy to Google Cloud.`;
}
