/**
 * `ziplink deploy`: deploys the function to AWS, Google Cloud or both, as deploy.config.ts
 * describes it.
 */
import type { Command } from "../command.ts";
import { deploy as deployTo } from "../deploy/deploy.ts";
import { runDeployCommand } from "../deploy/terminal.ts";

export const deploy: Command = {
  summary: "deploys the service to AWS, Google Cloud or both",
  usage: `[options]

  --target T     gcp, aws or both; overrides the target in the settings
  --config F     the settings file (default deploy.config.ts)
  --dry-run      prints every command; runs only those that change nothing
  --yes          asks for no confirmation`,
  run: (args, context) => runDeployCommand(args, context, {}, deployTo),
};
