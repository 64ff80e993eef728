import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { type CommandContext, CommandError } from "../command.ts";
import type { DeployInput } from "./config.ts";
import type { DeployOptions } from "./deploy.ts";
import type { DeployIo } from "./runner.ts";
import { toShell } from "./step.ts";

/** The settings file, unless `--config` names another. */
const SETTINGS = "deploy.config.ts";

type Values = Readonly<Record<string, unknown>>;

/** Runs a command with the settings and options given on the command line. */
export async function runDeployCommand(
  args: string[],
  context: CommandContext,
  more: ParseArgsOptionsConfig,
  command: (
    input: DeployInput,
    options: DeployOptions,
    io: DeployIo,
    values: Values,
  ) => Promise<void>,
): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      target: { type: "string" },
      config: { type: "string", default: SETTINGS },
      "dry-run": { type: "boolean", default: false },
      yes: { type: "boolean", short: "y", default: false },
      ...more,
    },
  });
  const { target, "dry-run": dryRun, yes } = values as typeof values & { yes: boolean };
  const { root, build } = context;
  const io: DeployIo = {
    root,
    env: process.env,
    print: console.log,
    confirm,
    sleep: (ms) => setTimeout(ms),
    build,
  };
  const options = { target, dryRun, yes } as DeployOptions;
  await command(await loadConfig(String(values.config), context), options, io, values);
}

async function loadConfig(path: string, context: CommandContext): Promise<DeployInput> {
  const file = resolve(context.root, path);
  if (!existsSync(file)) throw new CommandError(describeMissing(path, context));
  const { default: config } = (await import(pathToFileURL(file).href)) as { default: DeployInput };
  return config;
}

function describeMissing(path: string, { root, sampleSettings }: CommandContext): string {
  const missing = `The settings file ${path} does not exist.`;
  if (sampleSettings === undefined || path !== SETTINGS) return missing;
  const near = relative(root, sampleSettings);
  const sample = toShell([near.startsWith("..") ? sampleSettings : near]);
  return `${missing} Copy the sample into this folder and set what to deploy:\n\n  cp ${sample} ${SETTINGS}`;
}

async function confirm(question: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
