import type { Config } from "../../functions/config/config.ts";
import { checkSource, type SourceProblem } from "../../functions/stores/check-source.ts";
import { CommandError } from "../command.ts";
import { printable } from "../printable.ts";
import { type FirstLink, printFirstLink } from "./first-link.ts";

/** Length of a message with the longest path. */
const MAX_LENGTH = 5_000;

/**
 * Lists the source once before the service starts, and prints what is wrong with it. Throws `CommandError`
 * if no link could work. Returns what remains wrong.
 */
export async function reportSource(config: Config): Promise<SourceProblem | undefined> {
  const problem = await checkSource(config);
  if (problem === undefined) return undefined;
  // It may name files of the folder.
  const message = printable(problem.message, MAX_LENGTH);
  if (problem.kind === "unusable") throw new CommandError(message);
  console.error(`Warning: ${message}\n`);
  return problem;
}

/**
 * Prints a link to all of the source or, if that cannot work, how to create others.
 *
 * @param command how the command that creates links is called: "ziplink link"
 */
export async function printLinks(
  base: string,
  { source }: Config,
  problem: SourceProblem | undefined,
  link: FirstLink,
  command: string,
): Promise<void> {
  if (source.kind === "http") {
    console.log(`A web server cannot be listed: create links by key, with ${command} --key.`);
  } else if (problem?.kind === "unlistable") {
    console.log(
      `A link to all of it does not work now. For links to some of it: ${command} --key, or --prefix.`,
    );
  } else {
    await printFirstLink(base, link);
  }
}
