/** `npm run deploy`: brings the function in AWS, Google Cloud or both to what deploy.config.ts says. */
import { deploy } from "./deploy/deploy.ts";
import { runDeployCommand } from "./deploy/terminal.ts";

const USAGE = `Usage: npm run deploy [-- options]

  --target T     gcp, aws or both, in place of what the settings say
  --config F     the settings (default deploy.config.ts)
  --dry-run      prints each command as it would run; runs only those that look
  --yes          asks nothing`;

await runDeployCommand(USAGE, {}, (input, options, surroundings) =>
  deploy(input, options, surroundings),
);
