/** `ziplink destroy`: removes everything that `ziplink deploy` has created. */
import type { Command } from "../command.ts";
import { destroy as destroyIn } from "../deploy/deploy.ts";
import { runDeployCommand } from "../deploy/terminal.ts";

export const destroy: Command = {
  summary: "removes what deploy has created",
  usage: `[options]

  --target T       gcp, aws or both; overrides the target in the settings
  --config F       the settings file (default deploy.config.ts)
  --with-secret    removes the secrets too; links signed with them never work again
  --dry-run        prints every command; runs only those that change nothing
  --yes            asks for no confirmation`,
  run: (args, context) =>
    runDeployCommand(
      args,
      context,
      { "with-secret": { type: "boolean", default: false } },
      (input, options, io, values) =>
        destroyIn(input, { ...options, withSecret: values["with-secret"] === true }, io),
    ),
};
