import {
  type Command,
  type CommandContext,
  CommandError,
  runCommand,
  UsageError,
} from "./command.ts";

/**
 * The commands, each loaded when it is called. To add one, add a file to `commands/` and a line
 * here.
 */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./commands/serve.ts")).serve,
  link: async () => (await import("./commands/link.ts")).link,
  get: async () => (await import("./commands/get.ts")).get,
  deliver: async () => (await import("./commands/deliver.ts")).deliver,
  deploy: async () => (await import("./commands/deploy.ts")).deploy,
  destroy: async () => (await import("./commands/destroy.ts")).destroy,
};

/** Runs the command that `args` begin with, and handles `--help` and `--version`. */
export function runCli(args: readonly string[], context: CommandContext): Promise<void> {
  return runCommand(async () => {
    const [name = "--help", ...rest] = args;
    if (name === "--version" || name === "-v") return console.log(context.version);
    if (isHelp(name)) return console.log(await listCommands(context));
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (load === undefined) {
      const names = Object.keys(commands).join(", ");
      throw new CommandError(`Unknown command "${name}". The commands are: ${names}.`);
    }
    const command = await load();
    const usage = `Usage: ${context.call(name)} ${command.usage}`;
    if (rest.some(isHelp)) return console.log(usage);
    try {
      await command.run(rest, context);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new CommandError(`${error.message}\n\n${usage}`, { cause: error });
    }
  });
}

function isHelp(arg: string): boolean {
  return arg === "--help" || arg === "-h";
}

async function listCommands({ call, version }: CommandContext): Promise<string> {
  const calls = Object.keys(commands).map(call);
  const width = Math.max(...calls.map((text) => text.length));
  const summaries = await Promise.all(
    Object.values(commands).map(async (load) => (await load()).summary),
  );
  return [
    `Ziplink ${version}: signed links that stream ZIPs of stored files.`,
    "",
    ...calls.map((text, i) => `  ${text.padEnd(width)}  ${summaries[i]}`),
    "",
    "Each command explains its arguments with --help.",
  ].join("\n");
}
