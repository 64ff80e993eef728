import type { GcpConfig } from "../config.ts";

/** The mark of a service, which has labels in place of a description. */
export const LABEL = { "managed-by": "ziplink-deploy" } as const;

/** What the deployment needs switched on in a project. */
export const SERVICES = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "iam.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
] as const;

/** A command of gcloud, in the configured project, that asks nothing and answers in JSON. */
export function gcloud({ project }: Pick<GcpConfig, "project">, ...words: string[]): string[] {
  return ["gcloud", ...words, `--project=${project}`, "--quiet", "--format=json"];
}

/** As whom the function runs. */
export function accountOf({ name, project, serviceAccount }: GcpConfig): string {
  if (serviceAccount !== "create") return serviceAccount;
  // A project whose id has a domain: example.com:name has the accounts …@name.example.com….
  const [id, domain] = project.split(":").reverse();
  return `${name}@${id}${domain === undefined ? "" : `.${domain}`}.iam.gserviceaccount.com`;
}

/** Where the function's log goes that has a period of its own. */
export function logDestination({ name, project, region }: GcpConfig): string {
  return `logging.googleapis.com/projects/${project}/locations/${region}/buckets/${name}`;
}

/** The filter that finds the function's log lines. */
export function logFilter({ name, region }: GcpConfig): string {
  return [
    'resource.type="cloud_run_revision"',
    `resource.labels.service_name="${name}"`,
    `resource.labels.location="${region}"`,
  ].join(" AND ");
}
