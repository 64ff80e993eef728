/**
 * `npm run deploy`: deploys the function to AWS, Google Cloud or both, as deploy.config.ts
 * describes it.
 */
import { deploy } from "./deploy/deploy.ts";
import { runDeployCommand } from "./deploy/terminal.ts";

const USAGE = `Usage: npm run deploy [-- options]

  --target T     gcp, aws or both; overrides the target in the settings
  --config F     the settings file (default deploy.config.ts)
  --dry-run      prints every command; runs only those that change nothing
  --yes          asks for no confirmation`;

await runDeployCommand(USAGE, {}, (input, options, io) => deploy(input, options, io));
