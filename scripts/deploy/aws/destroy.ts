import type { AwsConfig } from "../config.ts";
import type { DeployPlan, Step } from "../step.ts";
import { aws, logGroup, POLICY_NAME, roleName } from "./names.ts";
import { refuseForeign } from "./plan.ts";
import type { AwsState } from "./state.ts";

/**
 * Returns the steps that remove what `planDeploy` has created; the secrets only if `withSecret`.
 */
export function planDestroy(config: AwsConfig, state: AwsState, withSecret: boolean): DeployPlan {
  refuseForeign("function", config.name, state.function);
  const gone = /\((?:ResourceNotFoundException|NoSuchEntity|ParameterNotFound)\)/;
  const step = (title: string, ...words: string[]): Step => ({
    title,
    argv: aws(config, ...words),
    tolerates: gone,
  });
  const named = ["--function-name", config.name];
  const role = ["--role-name", roleName(config)];
  const isOwnRole = config.role === "create" && state.role !== undefined;
  if (isOwnRole) refuseForeign("role", roleName(config), state.role);
  const steps: Step[] = [];
  if (state.url) {
    steps.push(step("Delete the URL", "lambda", "delete-function-url-config", ...named));
  }
  if (state.function) {
    steps.push(step("Delete the function", "lambda", "delete-function", ...named));
  }
  if (state.logGroup) {
    const group = ["--log-group-name", logGroup(config)];
    steps.push(step("Delete the logs", "logs", "delete-log-group", ...group));
  }
  if (isOwnRole) {
    const policy = ["--policy-name", POLICY_NAME];
    steps.push(step("Delete the role's policy", "iam", "delete-role-policy", ...role, ...policy));
    steps.push(step("Delete the role", "iam", "delete-role", ...role));
  }
  const secrets = [...state.secrets].filter(([, secret]) => secret === "there");
  for (const [name] of withSecret ? secrets : []) {
    const words =
      config.secretStore === "ssm"
        ? ["ssm", "delete-parameter", "--name", name]
        : ["secretsmanager", "delete-secret", "--secret-id", name];
    steps.push(step(`Delete the secret ${name}`, ...words));
  }
  return { notes: [], steps };
}
