import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { buildBundle } from "../build/bundle.ts";
import { CommandError, runCommand } from "../command.ts";
import type { DeployInput } from "./config.ts";
import type { DeployOptions } from "./deploy.ts";
import type { DeployIo } from "./runner.ts";

const root = resolve(import.meta.dirname, "../..");

type Values = Readonly<Record<string, unknown>>;

/** Runs a command with the settings and options given on the command line. */
export function runDeployCommand(
  usage: string,
  more: ParseArgsOptionsConfig,
  command: (
    input: DeployInput,
    options: DeployOptions,
    io: DeployIo,
    values: Values,
  ) => Promise<void>,
): Promise<void> {
  return runCommand(async () => {
    const { values } = parseArgs({
      options: {
        target: { type: "string" },
        config: { type: "string", default: "deploy.config.ts" },
        "dry-run": { type: "boolean", default: false },
        yes: { type: "boolean", short: "y", default: false },
        help: { type: "boolean", short: "h" },
        ...more,
      },
    });
    if (values.help) {
      console.log(usage);
      return;
    }
    const { target, "dry-run": dryRun, yes } = values as typeof values & { yes: boolean };
    const io: DeployIo = {
      root,
      env: process.env,
      print: console.log,
      confirm,
      sleep: (ms) => setTimeout(ms),
      build: buildBundle,
    };
    const options = { target, dryRun, yes } as DeployOptions;
    await command(await loadConfig(String(values.config)), options, io, values);
  });
}

async function loadConfig(path: string): Promise<DeployInput> {
  const file = resolve(root, path);
  if (!existsSync(file)) throw new CommandError(`The settings file ${path} does not exist.`);
  const { default: config } = (await import(pathToFileURL(file).href)) as { default: DeployInput };
  return config;
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
