import { DESCRIPTION, foreign, givenSecrets, refuseAll } from "../cloud.ts";
import { type AwsConfig, serviceEnvironment } from "../config.ts";
import type { DeployPlan, Step } from "../step.ts";
import {
  aws,
  CLOUDFRONT_STATEMENTS,
  logGroup,
  POLICY_NAME,
  PUBLIC_STATEMENTS,
  parameterName,
  roleName,
  SECRET_FILE,
} from "./names.ts";
import { functionPolicy, trustPolicy } from "./policy.ts";
import type { AwsState } from "./state.ts";

const CONFLICT = /\(ResourceConflictException\)/;

/**
 * Returns the steps from `state` to a deployment as `config` describes it; `zipFile` is relative to
 * the root.
 */
export function planDeploy(config: AwsConfig, state: AwsState, zipFile: string): DeployPlan {
  refuseForeign("function", config.name, state.function);
  if (config.role === "create") refuseForeign("role", roleName(config), state.role);
  refuseSecrets(config, state);
  const policy = functionPolicy(config, state);
  const hint = `The role ${config.role} needs this policy:\n${JSON.stringify(policy, null, 2)}`;
  return {
    notes: config.role === "create" ? [] : [hint],
    steps: [
      ...secretSteps(config, state),
      ...(config.role === "create" ? roleSteps(config, state, JSON.stringify(policy)) : []),
      ...logSteps(config, state),
      ...functionSteps(config, state, zipFile),
      ...urlSteps(config, state),
    ],
  };
}

/**
 * Throws if a resource was not created by `npm run deploy`, which neither changes nor destroys it.
 */
export function refuseForeign(
  kind: string,
  name: string,
  found: { readonly Description: string } | undefined,
): void {
  if (found === undefined || found.Description === DESCRIPTION) return;
  throw foreign(`${kind} ${name}`);
}

/**
 * Throws if a secret that only a person can provide does not exist, or if one is scheduled for
 * deletion, since nothing can read it.
 */
function refuseSecrets(config: AwsConfig, { secrets }: AwsState): void {
  const make = (name: string) =>
    config.secretStore === "ssm"
      ? `aws ssm put-parameter --name ${name} --type SecureString --value file://FILE`
      : `aws secretsmanager create-secret --name ${name} --secret-string file://FILE`;
  const keep = (name: string) => `aws secretsmanager restore-secret --secret-id ${name}`;
  const where = `--region ${config.region}`;
  const missing = givenSecrets(config.secrets).filter((name) => !secrets.has(name));
  const leaving = Object.values(config.secrets).filter((name) => secrets.get(name) === "leaving");
  refuseAll([
    ...missing.map(
      (name) => `The secret ${name} does not exist. Create it: ${make(name)} ${where}`,
    ),
    ...leaving.map(
      (name) => `The secret ${name} is scheduled for deletion. Restore it: ${keep(name)} ${where}`,
    ),
  ]);
}

function secretSteps(config: AwsConfig, { secrets }: AwsState): Step[] {
  const value = `file://${SECRET_FILE}`;
  return Object.values(config.secrets)
    .filter((name) => !secrets.has(name))
    .map((name) => ({
      title: `Create the secret ${name}`,
      argv:
        config.secretStore === "ssm"
          ? aws(
              config,
              ...["ssm", "put-parameter", "--name", name, "--type", "SecureString"],
              ...["--description", DESCRIPTION, "--value", value],
            )
          : aws(
              config,
              ...["secretsmanager", "create-secret", "--name", name],
              ...["--description", DESCRIPTION, "--secret-string", value],
            ),
      newSecret: { via: "file", path: SECRET_FILE },
    }));
}

function roleSteps(config: AwsConfig, state: AwsState, policy: string): Step[] {
  const role = ["--role-name", roleName(config)];
  const put: Step = {
    title: "Set the role's permissions",
    argv: aws(
      config,
      ...["iam", "put-role-policy", ...role, "--policy-name", POLICY_NAME],
      ...["--policy-document", policy],
    ),
  };
  if (state.role) return [put];
  return [
    {
      title: "Create the role",
      argv: aws(
        config,
        ...["iam", "create-role", ...role, "--description", DESCRIPTION],
        ...["--assume-role-policy-document", JSON.stringify(trustPolicy)],
      ),
    },
    put,
    { title: "Wait for the role", argv: aws(config, "iam", "wait", "role-exists", ...role) },
  ];
}

function logSteps(config: AwsConfig, state: AwsState): Step[] {
  const group = ["--log-group-name", logGroup(config)];
  const create: Step = {
    title: "Create the log group",
    argv: aws(config, "logs", "create-log-group", ...group),
    tolerates: /\(ResourceAlreadyExistsException\)/,
  };
  const retain: Step = {
    title: "Set the retention of the log",
    argv: aws(
      config,
      ...["logs", "put-retention-policy", ...group],
      ...["--retention-in-days", String(config.logRetentionDays ?? 30)],
    ),
  };
  return state.logGroup ? [retain] : [create, retain];
}

function functionSteps(config: AwsConfig, state: AwsState, zipFile: string): Step[] {
  const named = ["--function-name", config.name];
  const role =
    config.role === "create"
      ? `arn:${state.partition}:iam::${state.account}:role/${roleName(config)}`
      : config.role;
  const parameters = Object.entries(config.secrets).map(
    ([variable, name]) => `${variable}=${parameterName(config, name)}`,
  );
  const variables = { ...serviceEnvironment(config), SECRET_PARAMETERS: parameters.join(",") };
  const settings = [
    ...["--runtime", "nodejs24.x", "--handler", "index.handler", "--role", role],
    ...["--description", DESCRIPTION],
    ...["--timeout", String(config.timeout ?? 900), "--memory-size", String(config.memory)],
    ...["--environment", JSON.stringify({ Variables: variables })],
    ...["--logging-config", JSON.stringify({ LogFormat: "JSON", LogGroup: logGroup(config) })],
  ];
  const code = ["--zip-file", `fileb://${zipFile}`, "--architectures", "arm64"];
  const lambda = (title: string, ...words: string[]): Step => ({
    title,
    argv: aws(config, "lambda", ...words),
  });
  const wait = (title: string, what: string) => lambda(title, "wait", what, ...named);
  const update: Step[] = [
    {
      ...lambda("Update the function's code", "update-function-code", ...named, ...code),
      retries: CONFLICT, // the update of an interrupted run may still be in progress
    },
    wait("Wait for the code update", "function-updated-v2"),
    lambda(
      "Update the function's settings",
      "update-function-configuration",
      ...named,
      ...settings,
    ),
    wait("Wait for the settings update", "function-updated-v2"),
  ];
  const create: Step[] = [
    {
      ...lambda("Create the function", "create-function", ...named, ...settings, ...code),
      retries: /cannot be assumed by Lambda/, // a new role takes seconds to take effect everywhere
    },
    wait("Wait until the function is active", "function-active-v2"),
  ];
  return [...(state.function ? update : create), ...reserveSteps(config, state)];
}

function reserveSteps(config: AwsConfig, state: AwsState): Step[] {
  const named = ["--function-name", config.name];
  if (config.maxInstances !== undefined) {
    const count = ["--reserved-concurrent-executions", String(config.maxInstances)];
    const argv = aws(config, "lambda", "put-function-concurrency", ...named, ...count);
    return [{ title: "Reserve the function's instances", argv }];
  }
  if (!state.function?.isReserved) return [];
  const argv = aws(config, "lambda", "delete-function-concurrency", ...named);
  return [{ title: "Remove the reservation of instances", argv }];
}

function urlSteps(config: AwsConfig, state: AwsState): Step[] {
  const named = ["--function-name", config.name];
  const auth = config.cloudFront ? "AWS_IAM" : "NONE";
  const principal = config.cloudFront
    ? ["--principal", "cloudfront.amazonaws.com", "--source-arn", config.cloudFront]
    : ["--principal", "*"];
  const [ofUrl, ofFunction] = config.cloudFront ? CLOUDFRONT_STATEMENTS : PUBLIC_STATEMENTS;
  const own: readonly string[] = [...PUBLIC_STATEMENTS, ...CLOUDFRONT_STATEMENTS];
  // The statement names the permitted distribution, so one that names another is replaced.
  const kept = state.statements
    .filter(({ id, sourceArn }) => own.includes(id) && sourceArn === config.cloudFront)
    .map(({ id }) => id);
  const removed = state.statements
    .map(({ id }) => id)
    .filter((id) => own.includes(id) && !kept.includes(id));
  const permit = (id: string, action: string, ...how: string[]): Step => ({
    title: `Allow calls: ${action}`,
    argv: aws(
      config,
      ...["lambda", "add-permission", ...named, "--statement-id", id],
      ...["--action", action, ...principal, ...how],
    ),
    tolerates: CONFLICT,
  });
  const permissions = [
    permit(ofUrl, "lambda:InvokeFunctionUrl", "--function-url-auth-type", auth),
    permit(ofFunction, "lambda:InvokeFunction", "--invoked-via-function-url"),
  ];
  const missing = [ofUrl, ofFunction].map((id) => !kept.includes(id));
  return [
    {
      title: state.url ? "Update the function's URL" : "Create the function's URL",
      argv: aws(
        config,
        ...["lambda", `${state.url ? "update" : "create"}-function-url-config`, ...named],
        ...["--auth-type", auth, "--invoke-mode", "RESPONSE_STREAM"],
      ),
    },
    ...removed.map((id) => ({
      title: `Remove the permission ${id}`,
      argv: aws(config, "lambda", "remove-permission", ...named, "--statement-id", id),
      tolerates: /\(ResourceNotFoundException\)/,
    })),
    ...permissions.filter((_, index) => missing[index]),
  ];
}
