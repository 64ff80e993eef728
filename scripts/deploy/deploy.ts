import { relative } from "node:path";
import { CommandError } from "../command.ts";
import { createAws } from "./aws/cloud.ts";
import { type Cloud, NotReady } from "./cloud.ts";
import { type AwsConfig, type DeployInput, type GcpConfig, readDeployConfig } from "./config.ts";
import { createGcp } from "./gcp/cloud.ts";
import { type DeployIo, FailedCommand, Runner } from "./runner.ts";
import { smokeTest } from "./smoke-test.ts";
import type { DeployPlan } from "./step.ts";

export interface DeployOptions {
  /** In place of the target that the settings name. */
  readonly target?: string | undefined;
  /** Prints the commands and runs those alone that change nothing. */
  readonly dryRun: boolean;
  /** Asks nothing. */
  readonly yes: boolean;
}

export interface DestroyOptions extends DeployOptions {
  /** Removes the secrets too: no link that was ever signed works again. */
  readonly withSecret: boolean;
}

type Config = GcpConfig | AwsConfig;

/**
 * `npm run deploy`: brings each target to what `input` says. Whatever can be found wrong beforehand is,
 * for all targets, before anything is changed. Throws `CommandError`.
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
    const found = await inspect(cloud, options, io);
    const outDir = `${root}/dist/deploy/${config.target}`;
    const { dir, zipFile, bytes } = await build(config.target, outDir);
    print(`\nBuilt the bundle: ${Math.ceil(bytes / 1024)} KiB`);
    const plan = found.planDeploy(relative(root, zipFile ?? dir));
    jobs.push({ config, cloud, found, plan });
  }
  for (const { config, cloud, found, plan } of jobs) {
    const verb = `Deploy ${config.name} to ${found.account}`;
    if (!(await execute(verb, plan, runner, options, io, config))) continue;
    print("\nTest it");
    if (options.dryRun) {
      runner.show(cloud.url.argv);
      runner.show(cloud.linkKeys.argv);
      print("  then /healthz, and of a link minted for this: HEAD, one byte, all of it");
      continue;
    }
    const url = await runner.read(cloud.url);
    const keys = await runner.read(cloud.linkKeys);
    if (url === undefined || keys === undefined) {
      throw new CommandError("The function or its secret is gone again. Deploy once more.");
    }
    await smokeTest({ config, url: config.publicUrl ?? url, keys }, io);
  }
}

/** `npm run destroy`: removes what `deploy` has made. Throws `CommandError`. */
export async function destroy(
  input: DeployInput,
  options: DestroyOptions,
  io: DeployIo,
): Promise<void> {
  const runner = new Runner(io);
  const jobs = [];
  for (const config of readDeployConfig(input, options.target)) {
    const found = await inspect(createCloud(config), options, io);
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

/** What is there. A dry run where nobody is logged in shows what a first deployment would do. */
async function inspect(cloud: Cloud, { dryRun }: DeployOptions, io: DeployIo) {
  io.print(`\nLook at ${cloud.place}`);
  try {
    return await cloud.inspect(new Runner(io));
  } catch (error) {
    if (!dryRun || !(error instanceof NotReady)) throw error;
    io.print(`\n${error.message}\n\nThis is what it would be where nothing is yet:`);
    return cloud.emptyState;
  }
}

/** Asks, and runs the steps; a dry run shows them. Returns whether to go on. */
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
    if (answer === undefined) throw new CommandError("Nobody is there to ask: give --yes.");
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
        `${error.message}\n\nWhat was done before stays. Mend the cause, then give the same command again (target ${target}): it goes on from here.`,
        { cause: error },
      );
    }
  }
  return true;
}
