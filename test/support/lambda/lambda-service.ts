import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { openFilesBelow } from "../open-files.ts";
import { PrintedLines } from "../printed-lines.ts";
import { residentBytes, type ServiceProcess } from "../service-process.ts";
import { createFunctionUrl } from "./http-front.ts";
import { RuntimeApi, type StreamedResponse } from "./runtime-api.ts";

const client = join(import.meta.dirname, "../../lambda/node_modules/aws-lambda-ric");

/** Whether the runtime client is installed and built. */
export function hasRuntimeClient(): boolean {
  return existsSync(join(client, "rapid-client.node"));
}

/**
 * A function as Lambda runs it: each process serves one invocation at a time, and more are started
 * as needed.
 */
export interface LambdaService extends ServiceProcess {
  /** Invokes the function without the Function URL. */
  invoke(event: object, timeoutMs?: number): Promise<StreamedResponse>;
  /** Returns the running processes, the first one first. */
  pids(): number[];
  /** Returns the memory of the largest process. */
  residentBytes(): Promise<number>;
}

export interface LambdaOptions {
  /** The folder of the bundle, with the handler `index.handler`. */
  readonly folder: string;
  /** The settings of the service. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a bundle under the real runtime client, with stubs of Lambda's Runtime API and Function URL.
 */
export async function startLambda({ folder, env }: LambdaOptions): Promise<LambdaService> {
  const api = await RuntimeApi.start();
  const lines = new PrintedLines();
  const children: ChildProcess[] = [];
  let isStopping = false;

  function startProcess(): void {
    api.expectClient();
    const child = spawn(process.execPath, [join(client, "index.mjs"), "index.handler"], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        ...env,
        AWS_LAMBDA_RUNTIME_API: api.address,
        _HANDLER: "index.handler",
        LAMBDA_TASK_ROOT: folder,
        AWS_LAMBDA_FUNCTION_NAME: "ziplink",
        AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
        AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/ziplink",
        AWS_LAMBDA_LOG_STREAM_NAME: "stream",
        AWS_LAMBDA_LOG_FORMAT: "JSON",
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
        AWS_REGION: "eu-central-1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    void lines.read(child.stdout, child.stderr).then(() => {
      if (isStopping) return;
      api.fail(new Error(`the runtime exited:\n${lines.text()}`));
      lines.end();
    });
  }

  function invoke(event: object, timeoutMs?: number): Promise<StreamedResponse> {
    const response = api.invoke(event, timeoutMs);
    if (api.needsClient) startProcess();
    return response;
  }

  // A test file that ends without cleaning up must not leave processes behind.
  const killAll = () => children.forEach((child) => void child.kill("SIGKILL"));
  process.once("exit", killAll);

  const front = createFunctionUrl(invoke);
  front.listen(0, "127.0.0.1");
  await once(front, "listening");

  const pids = () => children.map(({ pid }) => pid ?? 0);
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    invoke,
    pids,
    output: () => lines.text(),
    printed: (pattern) => lines.printed(pattern),
    nextLine: (matches) => lines.nextLine(matches),
    async openFilesBelow(below) {
      const counts = await Promise.all(pids().map((pid) => openFilesBelow(below, pid)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    residentBytes: async () => Math.max(...(await Promise.all(pids().map(residentBytes)))),
    isRunning: () =>
      children.every(({ exitCode, signalCode }) => (exitCode ?? signalCode) === null),
    async stop() {
      isStopping = true;
      const exits = children.map(async (child) => {
        if ((child.exitCode ?? child.signalCode) !== null) return child.exitCode;
        child.kill("SIGTERM");
        const [code] = (await once(child, "exit")) as [number | null];
        return code;
      });
      const codes = await Promise.all(exits);
      process.off("exit", killAll);
      front.closeAllConnections();
      front.close();
      await api.stop();
      return codes[0] ?? null;
    },
  };
}
