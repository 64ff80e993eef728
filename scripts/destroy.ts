/** `npm run destroy`: removes what `npm run deploy` has made. */
import { destroy } from "./deploy/deploy.ts";
import { runDeployCommand } from "./deploy/terminal.ts";

const USAGE = `Usage: npm run destroy [-- options]

  --target T       gcp, aws or both, in place of what the settings say
  --config F       the settings (default deploy.config.ts)
  --with-secret    removes the secrets too: no link that was signed with them works again
  --dry-run        prints each command as it would run; runs only those that look
  --yes            asks nothing`;

await runDeployCommand(
  USAGE,
  { "with-secret": { type: "boolean", default: false } },
  (input, options, surroundings, values) =>
    destroy(input, { ...options, withSecret: values["with-secret"] === true }, surroundings),
);
