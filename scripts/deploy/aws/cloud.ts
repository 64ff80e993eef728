import { CommandError } from "../../command.ts";
import { type Cloud, type CloudState, givenSecrets, seeReady } from "../cloud.ts";
import type { AwsConfig } from "../config.ts";
import type { Runner } from "../runner.ts";
import { planDestroy } from "./destroy.ts";
import { planDeploy } from "./plan.ts";
import {
  type AwsState,
  callerRead,
  cliRead,
  linkKeysRead,
  reads,
  type SecretState,
  secretRead,
  urlRead,
} from "./state.ts";

const INSTALL =
  "Install the AWS CLI (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), then log in: aws configure, or aws sso login.";

/** AWS: a Lambda function with a URL. */
export function createAws(config: AwsConfig): Cloud {
  const found = (state: AwsState): CloudState => ({
    account: `account ${state.account}, ${config.region}`,
    planDeploy: (zipFile) => planDeploy(config, state, zipFile),
    planDestroy: (withSecret) => planDestroy(config, state, withSecret),
  });
  return {
    place: `AWS, ${config.region}`,
    inspect: async (runner) => found(await inspect(config, runner)),
    emptyState: found({
      account: config.account ?? "ACCOUNT",
      partition: "aws",
      secrets: new Map(givenSecrets(config.secrets).map((name) => [name, "there"])),
      role: undefined,
      logGroup: false,
      function: undefined,
      url: undefined,
      statements: [],
    }),
    url: urlRead(config),
    linkKeys: linkKeysRead(config),
  };
}

async function inspect(config: AwsConfig, runner: Runner): Promise<AwsState> {
  const { account, partition } = await seeCaller(config, runner);
  const secrets = new Map<string, SecretState>();
  for (const name of Object.values(config.secrets)) {
    const secret = await runner.read(secretRead(config, name));
    if (secret !== undefined) secrets.set(name, secret);
  }
  const wanted = reads(config);
  const role = config.role === "create" ? await runner.read(wanted.role) : undefined;
  const logGroup = (await runner.read(wanted.logGroup)) ?? false;
  const found = await runner.read(wanted.function);
  const state = { account, partition, secrets, role, logGroup, function: found };
  // A URL and a policy exist only with their function.
  if (!found) return { ...state, url: undefined, statements: [] };
  const url = await runner.read(wanted.url);
  return { ...state, url, statements: (await runner.read(wanted.statements)) ?? [] };
}

function seeCaller(config: AwsConfig, runner: Runner) {
  const see = async () => {
    if (!(await runner.read(cliRead))) {
      throw new CommandError(
        `This AWS CLI is too old: it must be from October 2025 or later. ${INSTALL}`,
      );
    }
    const caller = await runner.read(callerRead(config));
    const account = caller?.Account ?? "";
    if (config.account !== undefined && account !== config.account) {
      throw new CommandError(
        `You are logged in to the account ${account}, but aws.account in deploy.config.ts is ${config.account}.`,
      );
    }
    return { account, partition: caller?.Arn.split(":")[1] ?? "aws" };
  };
  return seeReady(see, {
    install: INSTALL,
    login: "Log in first: aws configure, or aws sso login.",
  });
}
