import type { GcpConfig } from "../config.ts";
import type { DeployPlan, Step } from "../step.ts";
import { accountOf, gcloud } from "./names.ts";
import { permissionSteps, refuseForeign } from "./plan.ts";
import type { GcpState } from "./state.ts";

/**
 * Returns the steps that remove what `planDeploy` has created; the secrets only if `withSecret`.
 */
export function planDestroy(config: GcpConfig, state: GcpState, withSecret: boolean): DeployPlan {
  refuseForeign(config, state);
  const step = (title: string, ...words: string[]): Step => ({
    title,
    argv: gcloud(config, ...words),
    tolerates: /NOT_FOUND|could not be found/,
  });
  const { name, region } = config;
  const steps: Step[] = [];
  if (state.service) {
    const words = ["run", "services", "delete", name, `--region=${region}`];
    steps.push(step("Delete the service", ...words));
  }
  if (state.exclusions.includes(name)) {
    const words = ["sinks", "update", "_Default", `--remove-exclusions=${name}`];
    steps.push(step("Include its log in the project's log again", "logging", ...words));
  }
  if (state.logSink) {
    steps.push(step("Delete the log sink", "logging", "sinks", "delete", name));
  }
  if (state.logBucket && state.logBucket.lifecycleState !== "DELETE_REQUESTED") {
    const words = ["buckets", "delete", name, `--location=${region}`];
    steps.push(step("Delete the logs", "logging", ...words));
  }
  if (config.serviceAccount === "create" && state.account) {
    // Before the account is deleted: bindings of a deleted account would remain.
    const known = permissionSteps(config, "remove").filter(
      ({ argv }) => !argv.includes("secrets") || argv.some((word) => state.secrets.has(word)),
    );
    steps.push(...known);
    const words = ["iam", "service-accounts", "delete", accountOf(config)];
    steps.push(step("Delete the service account", ...words));
  }
  for (const secret of withSecret ? state.secrets.keys() : []) {
    steps.push(step(`Delete the secret ${secret}`, "secrets", "delete", secret));
  }
  return {
    notes: [
      `These remain, since other functions of the project may share them: images in Artifact Registry (${region}/cloud-run-source-deploy/${name}), and sources in the bucket run-sources-${config.project}-${region}.`,
    ],
    steps,
  };
}
