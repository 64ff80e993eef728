import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Answer, type AwsFault, createAwsCloud, Fault, type Input } from "./stub-aws-cloud.ts";

/** A call by the CLI, such as `lambda CreateFunction`, with its input. */
export interface AwsCall {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * A stub of the parts of AWS that a deployment calls. It keeps what is created, and records each
 * call.
 */
export interface StubAws {
  readonly url: string;
  readonly calls: AwsCall[];
  /** Parameters and secrets, by name. */
  readonly secrets: Map<string, string>;
  /** Answers the next call of `action` with an error. */
  fail(action: string, fault: AwsFault): void;
  close(): Promise<void>;
}

/** Starts the stub. `functionUrl` is the URL that is reported for a deployed function. */
export async function startStubAws(functionUrl: () => string): Promise<StubAws> {
  const calls: AwsCall[] = [];
  const faults = new Map<string, AwsFault>();
  const cloud = createAwsCloud(functionUrl);
  const server = createServer(async (request, response) => {
    const { action, input, isXml } = await readCall(request);
    calls.push({ action, input });
    let status = 200;
    let body: string;
    try {
      const fault = faults.get(action);
      faults.delete(action);
      if (fault) throw new Fault(fault);
      const answer = cloud.answer(action, input);
      body = isXml ? toXml(action, answer) : JSON.stringify(answer);
    } catch (error) {
      const code = error instanceof Fault ? error.code : "InternalFailure";
      status = /NotFound|NoSuch/.test(code) ? 404 : 400;
      const message = (error as Error).message;
      body = isXml
        ? `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
        : JSON.stringify({ __type: code, message });
      response.setHeader("x-amzn-errortype", code);
    }
    response.writeHead(status, { "content-type": isXml ? "text/xml" : "application/json" });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    secrets: cloud.secrets,
    fail: (action, fault) => void faults.set(action, fault),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/**
 * The routes of Lambda's API, whose requests do not name their action:
 * https://docs.aws.amazon.com/lambda/latest/api/
 */
const lambdaRoutes: readonly [method: string, path: RegExp, action: string][] = [
  ["GET", /\/functions\/[^/]+$/, "GetFunction"],
  ["POST", /\/functions$/, "CreateFunction"],
  ["DELETE", /\/functions\/[^/]+$/, "DeleteFunction"],
  ["PUT", /\/functions\/[^/]+\/code$/, "UpdateFunctionCode"],
  ["PUT", /\/functions\/[^/]+\/configuration$/, "UpdateFunctionConfiguration"],
  ["PUT", /\/functions\/[^/]+\/concurrency$/, "PutFunctionConcurrency"],
  ["DELETE", /\/functions\/[^/]+\/concurrency$/, "DeleteFunctionConcurrency"],
  ["GET", /\/functions\/[^/]+\/url$/, "GetFunctionUrlConfig"],
  ["POST", /\/functions\/[^/]+\/url$/, "CreateFunctionUrlConfig"],
  ["PUT", /\/functions\/[^/]+\/url$/, "UpdateFunctionUrlConfig"],
  ["DELETE", /\/functions\/[^/]+\/url$/, "DeleteFunctionUrlConfig"],
  ["GET", /\/functions\/[^/]+\/policy$/, "GetPolicy"],
  ["POST", /\/functions\/[^/]+\/policy$/, "AddPermission"],
  ["DELETE", /\/functions\/[^/]+\/policy\/[^/]+$/, "RemovePermission"],
];

async function readCall(request: IncomingMessage) {
  const body = await text(request);
  const path = new URL(request.url ?? "", "http://stub").pathname.replace(/\/$/, "");
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") {
    const [service = "", action] = target.split(".");
    const name = service.replace(/^AmazonSSM$/, "ssm").replace(/^Logs_.*/, "logs");
    return { action: `${name} ${action}`, input: JSON.parse(body) as Input, isXml: false };
  }
  if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
    const { Action, Version: _, ...input } = Object.fromEntries(new URLSearchParams(body));
    const service = Action === "GetCallerIdentity" ? "sts" : "iam";
    return { action: `${service} ${Action}`, input, isXml: true };
  }
  const route = lambdaRoutes.find(([method, form]) => method === request.method && form.test(path));
  const input = body === "" ? {} : (JSON.parse(body) as Input);
  const statement = /\/policy\/([^/]+)$/.exec(path)?.[1];
  return {
    action: `lambda ${route?.[2] ?? `${request.method} ${path}`}`,
    input: statement === undefined ? input : { StatementId: statement },
    isXml: false,
  };
}

function toXml(action: string, answer: Answer): string {
  const name = action.split(" ")[1];
  const element = (value: unknown): string =>
    typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([key, inner]) => `<${key}>${element(inner)}</${key}>`)
          .join("")
      : String(value);
  return `<${name}Response><${name}Result>${element(answer)}</${name}Result></${name}Response>`;
}
