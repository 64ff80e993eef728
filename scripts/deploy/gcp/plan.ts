import { CommandError } from "../../command.ts";
import { parseBucket } from "../bucket.ts";
import { DESCRIPTION, foreign, givenSecrets, refuseAll } from "../cloud.ts";
import { type GcpConfig, serviceEnvironment } from "../config.ts";
import type { DeployPlan, Step } from "../step.ts";
import { accountOf, gcloud, LABEL, logDestination, logFilter, SERVICES } from "./names.ts";
import type { GcpState } from "./state.ts";

/** A new account takes seconds to take effect everywhere. */
const NOT_KNOWN_YET = /Service account .* does not exist/;

/**
 * Returns the steps from `state` to a deployment as `config` describes it; `dir` is relative to the
 * root.
 */
export function planDeploy(config: GcpConfig, state: GcpState, dir: string): DeployPlan {
  refuseForeign(config, state);
  refuseSecrets(config, state);
  const missing = SERVICES.filter((service) => !state.services.includes(service));
  const enable: Step = {
    title: "Enable the project's APIs",
    argv: gcloud(config, "services", "enable", ...missing),
  };
  const permissions = permissionSteps(config, "add");
  const hint = [
    `The service account ${config.serviceAccount} needs these permissions:`,
    ...permissions.map(({ title }) => `  ${title}`),
  ].join("\n");
  const isOwn = config.serviceAccount === "create";
  return {
    notes: isOwn ? [] : [hint],
    steps: [
      ...(missing.length > 0 ? [enable] : []),
      ...secretSteps(config, state),
      ...(isOwn ? [...accountSteps(config, state), ...permissions] : []),
      ...logSteps(config, state),
      deployStep(config, state, dir),
    ],
  };
}

/**
 * Throws if a resource was not created by `npm run deploy`, which neither changes nor destroys it.
 */
export function refuseForeign(config: GcpConfig, state: GcpState): void {
  const { account, service, logBucket, logSink } = state;
  const label = Object.entries(LABEL).every(([key, v]) => service?.metadata.labels[key] === v);
  const [first] = [
    ...(service && !label ? [`service ${config.name}`] : []),
    ...(config.serviceAccount === "create" && account && account.description !== DESCRIPTION
      ? [`service account ${accountOf(config)}`]
      : []),
    ...(logBucket && logBucket.description !== DESCRIPTION ? [`log bucket ${config.name}`] : []),
    // Older versions created the sink without a description, but with this destination.
    ...(logSink &&
    logSink.description !== DESCRIPTION &&
    logSink.destination !== logDestination(config)
      ? [`log sink ${config.name}`]
      : []),
  ];
  if (first !== undefined) throw foreign(first);
}

/** Throws if a secret that only a person can provide does not exist or has no value. */
function refuseSecrets(config: GcpConfig, { secrets }: GcpState): void {
  const missing = givenSecrets(config.secrets).filter((name) => !secrets.get(name));
  const make = (name: string) =>
    `gcloud secrets ${secrets.has(name) ? "versions add" : "create"} ${name} --data-file=FILE`;
  refuseAll(
    missing.map(
      (name) =>
        `The secret ${name} does not exist. Create it: ${make(name)} --project=${config.project}`,
    ),
  );
}

function secretSteps(config: GcpConfig, { secrets }: GcpState): Step[] {
  return Object.values(config.secrets)
    .filter((name) => !secrets.get(name))
    .map((name) => ({
      title: `Create the secret ${name}`,
      argv: secrets.has(name)
        ? gcloud(config, "secrets", "versions", "add", name, "--data-file=-")
        : gcloud(
            config,
            ...["secrets", "create", name, "--replication-policy=automatic", "--data-file=-"],
          ),
      newSecret: { via: "stdin" },
    }));
}

function accountSteps(config: GcpConfig, { account }: GcpState): Step[] {
  if (account) return [];
  return [
    {
      title: "Create the service account",
      argv: gcloud(
        config,
        ...["iam", "service-accounts", "create", config.name],
        ...["--display-name=Ziplink", `--description=${DESCRIPTION}`],
      ),
    },
  ];
}

/**
 * Returns the steps that grant or revoke the function's permissions: to read the source, to keep
 * checksums and manifests, to read its secrets. Adding a binding that exists changes nothing, so
 * these run every time.
 */
export function permissionSteps(config: GcpConfig, verb: "add" | "remove"): Step[] {
  const member = `--member=serviceAccount:${accountOf(config)}`;
  const source = parseBucket(config.source, "gcs");
  const written = [config.crcStore, config.manifestStore].flatMap(
    (url) => parseBucket(url, "gcs") ?? [],
  );
  const binding = (what: string[], role: string): Step => ({
    title: `${verb === "add" ? "Grant" : "Revoke"} ${role} on ${what.at(-1)}`,
    argv: gcloud(
      config,
      ...[...what.slice(0, -1), `${verb}-iam-policy-binding`, what.at(-1) ?? ""],
      ...[member, `--role=${role}`, "--condition=None"],
    ),
    ...(verb === "add"
      ? { retries: NOT_KNOWN_YET }
      : { tolerates: /NOT_FOUND|not found|Policy binding .* not found/ }),
  });
  const onBucket = (bucket: string, role: string) =>
    binding(["storage", "buckets", `gs://${bucket}`], role);
  return [
    ...(source ? [onBucket(source.bucket, "roles/storage.objectViewer")] : []),
    ...written.map(({ bucket }) => onBucket(bucket, "roles/storage.objectUser")),
    ...Object.values(config.secrets).map((name) =>
      binding(["secrets", name], "roles/secretmanager.secretAccessor"),
    ),
  ];
}

/**
 * A retention period applies to a log bucket, so the function's log gets its own bucket and is
 * excluded from the project's.
 */
function logSteps(config: GcpConfig, state: GcpState): Step[] {
  const { name, region, logRetentionDays } = config;
  if (logRetentionDays === undefined) return [];
  const step = (title: string, ...words: string[]): Step => ({
    title,
    argv: gcloud(config, "logging", ...words),
  });
  const bucket = [name, `--location=${region}`, `--retention-days=${logRetentionDays}`];
  const steps = [
    // A deleted bucket, and its name, are kept for a week.
    ...(state.logBucket?.lifecycleState === "DELETE_REQUESTED"
      ? [step("Restore the log bucket", "buckets", "undelete", name, `--location=${region}`)]
      : []),
    state.logBucket
      ? step("Set the retention of the log", "buckets", "update", ...bucket)
      : step(
          "Create the log bucket",
          ...["buckets", "create", ...bucket, `--description=${DESCRIPTION}`],
        ),
  ];
  const filter = logFilter(config);
  const destination = logDestination(config);
  const { logSink } = state;
  const isSent =
    logSink?.description === DESCRIPTION &&
    logSink.destination === destination &&
    logSink.filter === filter;
  if (!isSent) {
    const words = ["sinks", logSink ? "update" : "create", name, destination];
    const flags = [`--log-filter=${filter}`, `--description=${DESCRIPTION}`];
    steps.push(step("Send the function's log to the bucket", ...words, ...flags));
  }
  if (!state.exclusions.includes(name)) {
    const exclusion = `--add-exclusion=^|^name=${name}|filter=${filter}`;
    steps.push(step("Exclude it from the project's log", "sinks", "update", "_Default", exclusion));
  }
  return steps;
}

function deployStep(config: GcpConfig, state: GcpState, dir: string): Step {
  const secrets = Object.entries(config.secrets).map(([key, name]) => `${key}=${name}:latest`);
  const labels = Object.entries(LABEL).map(([key, value]) => `${key}=${value}`);
  return {
    title: `${state.service ? "Update" : "Create"} the function (takes a few minutes)`,
    argv: gcloud(
      config,
      ...["run", "deploy", config.name, `--source=${dir}`, "--function=ziplink"],
      ...["--base-image=nodejs24", `--region=${config.region}`, "--allow-unauthenticated"],
      ...[`--memory=${config.memory}Mi`, `--cpu=${config.cpu}`],
      ...[`--timeout=${config.timeout ?? 3600}`, `--concurrency=${config.concurrency}`],
      `--max-instances=${config.maxInstances ?? "default"}`,
      `--service-account=${accountOf(config)}`,
      `--set-env-vars=${toList(serviceEnvironment(config))}`,
      `--set-secrets=${secrets.join(",")}`,
      `--labels=${labels.join(",")}`,
      ...(config.buildServiceAccount
        ? [`--build-service-account=${config.buildServiceAccount}`]
        : []),
    ),
    retries: NOT_KNOWN_YET,
  };
}

/**
 * Returns gcloud's list of pairs, with a separator that occurs in no value (`gcloud topic
 * escaping`).
 */
function toList(variables: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
  const separator = [",", ";", "|", "#", "~"].find((mark) => !pairs.join("").includes(mark));
  if (separator === undefined) {
    throw new CommandError(
      "The service's settings use all of the characters , ; | # ~. Remove one of these from them.",
    );
  }
  return separator === "," ? pairs.join(",") : `^${separator}^${pairs.join(separator)}`;
}
