import type { GcpConfig } from "../config.ts";

/** Marks a service as created by a deployment: services have labels but no description. */
export const LABEL = { "managed-by": "ziplink-deploy" } as const;

/** The APIs that a deployment needs enabled in the project. */
export const SERVICES = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "iam.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
] as const;

/** Returns a gcloud command in the configured project, without prompts and with JSON output. */
export function gcloud({ project }: Pick<GcpConfig, "project">, ...words: string[]): string[] {
  return ["gcloud", ...words, `--project=${project}`, "--quiet", "--format=json"];
}

/** Returns the service account that the function runs as. */
export function accountOf({ name, project, serviceAccount }: GcpConfig): string {
  if (serviceAccount !== "create") return serviceAccount;
  // An id may begin with a domain: the accounts of example.com:name are …@name.example.com….
  const [id, domain] = project.split(":").reverse();
  return `${name}@${id}${domain === undefined ? "" : `.${domain}`}.iam.gserviceaccount.com`;
}

/** Returns the destination of the function's log if it has its own retention period. */
export function logDestination({ name, project, region }: GcpConfig): string {
  return `logging.googleapis.com/projects/${project}/locations/${region}/buckets/${name}`;
}

/** Returns the filter that matches the function's log lines. */
export function logFilter({ name, region }: GcpConfig): string {
  return [
    'resource.type="cloud_run_revision"',
    `resource.labels.service_name="${name}"`,
    `resource.labels.location="${region}"`,
  ].join(" AND ");
}
