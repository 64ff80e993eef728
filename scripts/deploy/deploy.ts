import { relative } from "node:path";
import { CommandError } from "../command.ts";
import { createAws } from "./aws/cloud.ts";
import { type Cloud, NotReady } from "./cloud.ts";
import { type AwsConfig, type DeployInput, type GcpConfig, readDeployConfig } from "./config.ts";
import { createGcp } from "./gcp/cloud.ts";
import { type DeployIo, FailedCommand, Runner } from "./runner.ts";
import { smokeTest } from "./smoke-test.ts";
import type { DeployPlan } from "./step.ts";
import { storeAccessNotes } from "./store-access.ts";

export interface DeployOptions {
  /** Overrides the target in the settings. */
  readonly target?: string | undefined;
  /** Prints every command and runs only those that change nothing. */
  readonly dryRun: boolean;
  /** Asks for no confirmation. */
  readonly yes: boolean;
}

export interface DestroyOptions extends DeployOptions {
  /** Removes the secrets too: links signed with them never work again. */
  readonly withSecret: boolean;
}

type Config = GcpConfig | AwsConfig;

/**
 * `npm run deploy`: deploys to each target as `input` describes. Finds every error that can be
 * found in advance, for all targets, before changing anything. Throws `CommandError`.
 */
export async function deploy(
  input: DeployInput,
  options: DeployOptions,
  io: DeployIo,
): Promise<void> {
  const { print, root, build } = io;
  const runner = new Runner(io);
  const jobs = [];
  for (const config of readDeployConfig(input, options.target)) {
    const cloud = createCloud(config);
    const found = await inspectOrAssume(cloud, options, io);
    const outDir = `${root}/dist/deploy/${config.target}`;
    const { dir, zipFile, bytes } = await build(config.target, outDir);
    print(`\nThe bundle: ${Math.ceil(bytes / 1024)} KiB`);
    const plan = found.planDeploy(relative(root, zipFile ?? dir));
    const notes = [...storeAccessNotes(config), ...plan.notes];
    jobs.push({ config, cloud, found, plan: { ...plan, notes } });
  }
  for (const { config, cloud, found, plan } of jobs) {
    const verb = `Deploy ${config.name} to ${found.account}`;
    if (!(await execute(verb, plan, runner, options, io, config))) continue;
    print("\nTest it");
    if (options.dryRun) {
      runner.show(cloud.url.argv);
      runner.show(cloud.linkKeys.argv);
      print("  then /healthz, and with a new link: HEAD, one byte, the whole archive");
      continue;
    }
    const url = await runner.read(cloud.url);
    const keys = await runner.read(cloud.linkKeys);
    if (url === undefined || keys === undefined) {
      throw new CommandError("The function or its secret no longer exists. Deploy again.");
    }
    await smokeTest({ config, url: config.publicUrl ?? url, keys }, io);
  }
}

/** `npm run destroy`: removes everything that `deploy` has created. Throws `CommandError`. */
export async function destroy(
  input: DeployInput,
  options: DestroyOptions,
  io: DeployIo,
): Promise<void> {
  const runner = new Runner(io);
  const jobs = [];
  for (const config of readDeployConfig(input, options.target)) {
    const found = await inspectToDestroy(createCloud(config), io);
    jobs.push({ config, found, plan: found.planDestroy(options.withSecret) });
  }
  for (const { config, found, plan } of jobs) {
    const what = options.withSecret ? `${config.name}, its logs and its secrets` : config.name;
    const verb = `Destroy ${what} in ${found.account}`;
    await execute(verb, plan, runner, options, io, config);
  }
}

function createCloud(config: Config): Cloud {
  return config.target === "gcp" ? createGcp(config) : createAws(config);
}

/** Returns the state of a cloud. In a dry run without a login, returns that of an empty account. */
async function inspectOrAssume(cloud: Cloud, { dryRun }: DeployOptions, io: DeployIo) {
  try {
    return await inspect(cloud, io);
  } catch (error) {
    if (!dryRun || !(error instanceof NotReady)) throw error;
    io.print(
      `\n${error.message}\n\nThis dry run assumes an account in which nothing has been deployed:`,
    );
    return cloud.emptyState;
  }
}

/** Returns the state of a cloud. A dry run needs a login too: of an empty account there is nothing to show. */
async function inspectToDestroy(cloud: Cloud, io: DeployIo) {
  try {
    return await inspect(cloud, io);
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw new CommandError(
      `${error.message}\n\nWithout a login nobody can tell what there is to destroy.`,
      { cause: error },
    );
  }
}

async function inspect(cloud: Cloud, io: DeployIo) {
  io.print(`\nInspect ${cloud.place}`);
  return await cloud.inspect(new Runner(io));
}

/**
 * Asks for confirmation and runs the steps; in a dry run, shows them. Returns whether to continue.
 */
async function execute(
  verb: string,
  { steps, notes }: DeployPlan,
  runner: Runner,
  { dryRun, yes }: DeployOptions,
  { print, confirm }: DeployIo,
  { target }: Config,
): Promise<boolean> {
  print(`\n${verb}: ${steps.length} steps`);
  for (const note of notes) print(`\n${note}`);
  if (dryRun) {
    for (const { title, argv } of steps) {
      print(`\n${title}`);
      runner.show(argv);
    }
    return true;
  }
  if (!yes && steps.length > 0) {
    const answer = await confirm(`\n${verb}?`);
    if (answer === undefined)
      throw new CommandError(
        "There is no terminal to ask for confirmation. Run the command with --yes.",
      );
    if (!answer) {
      print("Nothing was changed.");
      return false;
    }
  }
  for (const step of steps) {
    try {
      await runner.change(step);
    } catch (error) {
      if (!(error instanceof FailedCommand)) throw error;
      throw new CommandError(
        `${error.message}\n\nThe steps before it remain in effect. Fix the cause, then run the same command again (target ${target}) to continue from here.`,
        { cause: error },
      );
    }
  }
  return true;
}
