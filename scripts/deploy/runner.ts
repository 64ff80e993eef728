import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { CommandError } from "../command.ts";
import type { Bundle, BundleTarget } from "./bundle.ts";
import { type Read, type Step, toShell } from "./step.ts";

/** The effects that a deployment has outside its own code; tests provide their own. */
export interface DeployIo {
  /** The folder in which commands run, and to which relative paths in their arguments refer. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  /** Asks a person yes or no. Resolves with `undefined` if nobody can answer. */
  readonly confirm: (question: string) => Promise<boolean | undefined>;
  /** Waits. Milliseconds. */
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Builds the bundle to upload. */
  readonly build: (target: BundleTarget, outDir: string) => Promise<Bundle>;
}

/** The program is not on the PATH. */
export class MissingProgram extends CommandError {
  override readonly name = "MissingProgram";
}

/** A command failed. The message contains the command and its output. */
export class FailedCommand extends CommandError {
  override readonly name = "FailedCommand";
  /** The command's whole output. */
  readonly output: string;

  constructor(title: string, argv: readonly string[], outcome: Outcome) {
    const { code, stdout, stderr } = outcome;
    const output = `${stderr}\n${stdout}`.trim();
    super(
      `${title}: failed with exit code ${code}\n\n  $ ${toShell(argv)}\n\n${output || "(no output)"}`,
    );
    this.output = output;
  }
}

const RETRY_TIMES = 10;
const RETRY_MS = 3_000;

/** Runs the commands of the clouds' CLIs, and prints each one first. */
export class Runner {
  readonly #io: DeployIo;

  constructor(io: DeployIo) {
    this.#io = io;
  }

  /** Looks something up. Returns `undefined` if it does not exist. Throws `FailedCommand`. */
  async read<T>({ title, argv, absent, parse }: Read<T>): Promise<T | undefined> {
    this.show(argv);
    const outcome = await this.#run(argv);
    if (outcome.code === 0) return parse(outcome.stdout);
    if (absent?.test(outcome.stderr)) return undefined;
    // On success, the standard output may hold a secret, so a failure shows only the error output.
    throw new FailedCommand(title, argv, { ...outcome, stdout: "" });
  }

  /** Changes something. Throws `FailedCommand`. */
  async change({ title, argv, newSecret, tolerates, retries }: Step): Promise<void> {
    const { print, root, sleep } = this.#io;
    print(`\n${title}`);
    this.show(argv);
    const secret = newSecret && randomBytes(32).toString("base64url");
    const file = newSecret?.via === "file" ? join(root, newSecret.path) : undefined;
    const settle = file === undefined ? undefined : removeOnSignal(file);
    try {
      if (file !== undefined && secret !== undefined) await writePrivately(file, secret);
      for (let left = RETRY_TIMES; ; left--) {
        const outcome = await this.#run(argv, newSecret?.via === "stdin" ? secret : undefined);
        if (outcome.code === 0) return;
        if (tolerates?.test(outcome.stderr)) return print("  (nothing to do)");
        if (left === 0 || !retries?.test(outcome.stderr)) {
          throw new FailedCommand(title, argv, outcome);
        }
        print(`  (not ready yet; retrying in ${RETRY_MS / 1000} s)`);
        await sleep(RETRY_MS);
      }
    } finally {
      if (file !== undefined) await rm(file, { force: true });
      settle?.();
    }
  }

  /** Prints a command as it would run. */
  show(argv: readonly string[]): void {
    this.#io.print(`  $ ${toShell(argv)}`);
  }

  async #run([program = "", ...args]: readonly string[], stdin = ""): Promise<Outcome> {
    const { root, env } = this.#io;
    // The output is parsed, so no pager and no colors; nobody sees prompts, so none of those
    // either.
    const settings = { AWS_PAGER: "", CLOUDSDK_CORE_DISABLE_PROMPTS: "1", NO_COLOR: "1" };
    const child = spawn(program, args, { cwd: root, env: { ...env, ...settings } });
    const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.once("error", (cause: NodeJS.ErrnoException) => {
        if (cause.code !== "ENOENT") return reject(cause);
        reject(new MissingProgram(`${program} is not on the PATH.`, { cause }));
      });
      child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
    });
    // A command that does not read its input may exit before all of it is written.
    child.stdin.on("error", () => undefined).end(stdin);
    const [code, stdout, stderr] = await Promise.all([
      ended,
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code, stdout, stderr };
  }
}

interface Outcome {
  /** The exit code, or the signal that ended the command. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** Creates a file that only this user can read, in place of any earlier one. */
async function writePrivately(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await writeFile(path, content, { mode: 0o600, flag: "wx" });
}

/** Removes the file if a signal ends this process. Returns a function that stops this. */
function removeOnSignal(path: string): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stopListening = () => {
    for (const signal of signals) process.off(signal, remove);
  };
  const remove = (signal: NodeJS.Signals) => {
    rmSync(path, { force: true });
    // With no listener left, the signal ends the process as it would have.
    stopListening();
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, remove);
  return stopListening;
}
