/** `npm run destroy`: removes everything that `npm run deploy` has created. */
import { destroy } from "./deploy/deploy.ts";
import { runDeployCommand } from "./deploy/terminal.ts";

const USAGE = `Usage: npm run destroy [-- options]

  --target T       gcp, aws or both; overrides the target in the settings
  --config F       the settings file (default deploy.config.ts)
  --with-secret    removes the secrets too; links signed with them never work again
  --dry-run        prints every command; runs only those that change nothing
  --yes            asks for no confirmation`;

await runDeployCommand(
  USAGE,
  { "with-secret": { type: "boolean", default: false } },
  (input, options, io, values) =>
    destroy(input, { ...options, withSecret: values["with-secret"] === true }, io),
);
