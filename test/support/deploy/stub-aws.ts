import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A call that the CLI made: `lambda CreateFunction`, and what it said. */
export interface AwsCall {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** An error that AWS answers with. */
export interface AwsFault {
  readonly code: string;
  readonly message: string;
}

/** A stand-in for the parts of AWS that a deployment calls: it keeps what is made, and records each call. */
export interface StubAws {
  readonly url: string;
  readonly calls: AwsCall[];
  /** Parameters and secrets by name. */
  readonly secrets: Map<string, string>;
  /** Answers the next call of `action` with an error. */
  fail(action: string, fault: AwsFault): void;
  close(): Promise<void>;
}

type Answer = Record<string, unknown>;
type Input = Record<string, unknown>;

class Fault extends Error {
  readonly code: string;
  constructor({ code, message }: AwsFault) {
    super(message);
    this.code = code;
  }
}

/** Starts the stand-in. `functionUrl` is where a function that was deployed is said to answer. */
export async function startStubAws(functionUrl: () => string): Promise<StubAws> {
  const calls: AwsCall[] = [];
  const faults = new Map<string, AwsFault>();
  const cloud = createCloud(functionUrl);
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

/** The routes of Lambda's API, which names no action: https://docs.aws.amazon.com/lambda/latest/api/ */
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

/** What was made, and what each call does to it. */
function createCloud(functionUrl: () => string) {
  const secrets = new Map<string, string>();
  const things = new Map<string, Input>();
  const statements = new Map<string, Input>();
  const get = (kind: string, code = "ResourceNotFoundException") => {
    const thing = things.get(kind);
    if (!thing) throw new Fault({ code, message: `There is no ${kind}.` });
    return thing;
  };
  const put = (kind: string, input: Input) => {
    things.set(kind, { ...things.get(kind), ...input });
    return { ...things.get(kind) };
  };
  const make = (kind: string, input: Input, code: string) => {
    if (things.has(kind)) throw new Fault({ code, message: `There is a ${kind} already.` });
    return put(kind, input);
  };
  const remove = (kind: string, code = "ResourceNotFoundException") => {
    get(kind, code);
    things.delete(kind);
    return {};
  };
  const secret = (name: unknown, code: string) => {
    const value = secrets.get(String(name));
    if (value === undefined) throw new Fault({ code, message: "not there" });
    return value;
  };
  const roleOf = ({ RoleName, Description = "" }: Input) => ({
    Role: {
      Path: "/",
      RoleName,
      RoleId: "AROASTUB",
      Arn: `arn:aws:iam::123456789012:role/${RoleName}`,
      CreateDate: "2026-01-01T00:00:00Z",
      Description,
    },
  });
  const active = { State: "Active", LastUpdateStatus: "Successful" };
  const url = () => ({
    ...get("url"),
    FunctionUrl: functionUrl(),
    FunctionArn: "arn",
    CreationTime: "2026-01-01T00:00:00Z",
    LastModifiedTime: "2026-01-01T00:00:00Z",
  });

  const answers: Readonly<Record<string, (input: Input) => Answer>> = {
    "sts GetCallerIdentity": () => ({
      Arn: "arn:aws:iam::123456789012:user/somebody",
      UserId: "AIDASTUB",
      Account: "123456789012",
    }),
    "ssm GetParameter": ({ Name, WithDecryption }) => {
      const value = secret(Name, "ParameterNotFound");
      return { Parameter: { Name, Value: WithDecryption === true ? value : "sealed" } };
    },
    "ssm GetParameters": ({ Names }) => ({
      Parameters: (Names as string[])
        .map((Name) => ({
          Name,
          Value: secrets.get(Name.replace("/aws/reference/secretsmanager/", "")),
        }))
        .filter(({ Value }) => Value !== undefined),
    }),
    "ssm PutParameter": ({ Name, Value }) => {
      secrets.set(String(Name), String(Value));
      return { Version: 1 };
    },
    "ssm DeleteParameter": ({ Name }) => {
      secret(Name, "ParameterNotFound");
      secrets.delete(String(Name));
      return {};
    },
    "secretsmanager DescribeSecret": ({ SecretId }) => {
      secret(SecretId, "ResourceNotFoundException");
      return { Name: SecretId };
    },
    "secretsmanager GetSecretValue": ({ SecretId }) => ({
      SecretString: secret(SecretId, "ResourceNotFoundException"),
    }),
    "secretsmanager CreateSecret": ({ Name, SecretString }) => {
      secrets.set(String(Name), String(SecretString));
      return { Name };
    },
    "secretsmanager DeleteSecret": ({ SecretId }) => {
      secrets.delete(String(SecretId));
      return {};
    },
    "iam GetRole": () => roleOf(get("role", "NoSuchEntity")),
    "iam CreateRole": (input) => roleOf(make("role", input, "EntityAlreadyExists")),
    "iam PutRolePolicy": (input) => {
      get("role", "NoSuchEntity");
      put("policy", input);
      return {};
    },
    "iam DeleteRolePolicy": () => remove("policy", "NoSuchEntity"),
    "iam DeleteRole": () => remove("role", "NoSuchEntity"),
    "logs DescribeLogGroups": ({ logGroupNamePrefix }) => ({
      logGroups: things.has("log group") ? [{ logGroupName: logGroupNamePrefix }] : [],
    }),
    "logs CreateLogGroup": (input) => {
      make("log group", input, "ResourceAlreadyExistsException");
      return {};
    },
    "logs PutRetentionPolicy": (input) => {
      get("log group");
      put("log group", input);
      return {};
    },
    "logs DeleteLogGroup": () => remove("log group"),
    "lambda GetFunction": () => ({
      Configuration: { ...get("function"), ...active },
      ...(things.has("reservation") ? { Concurrency: things.get("reservation") } : {}),
    }),
    "lambda CreateFunction": (input) => make("function", input, "ResourceConflictException"),
    "lambda UpdateFunctionCode": () => get("function"),
    "lambda UpdateFunctionConfiguration": (input) => {
      get("function");
      return put("function", input);
    },
    "lambda DeleteFunction": () => {
      statements.clear();
      things.delete("reservation");
      things.delete("url");
      return remove("function");
    },
    "lambda PutFunctionConcurrency": (input) => put("reservation", input),
    "lambda DeleteFunctionConcurrency": () => remove("reservation"),
    "lambda GetFunctionUrlConfig": url,
    "lambda CreateFunctionUrlConfig": (input) => {
      make("url", input, "ResourceConflictException");
      return url();
    },
    "lambda UpdateFunctionUrlConfig": (input) => {
      get("url");
      put("url", input);
      return url();
    },
    "lambda DeleteFunctionUrlConfig": () => remove("url"),
    "lambda GetPolicy": () => {
      if (statements.size === 0) get("policy of the function");
      return { Policy: JSON.stringify({ Statement: [...statements.values()] }), RevisionId: "1" };
    },
    "lambda AddPermission": (input) => {
      const id = String(input.StatementId);
      if (statements.has(id)) {
        throw new Fault({ code: "ResourceConflictException", message: "The statement exists." });
      }
      statements.set(id, { Sid: id });
      return { Statement: "{}" };
    },
    "lambda RemovePermission": ({ StatementId }) => {
      statements.delete(String(StatementId));
      return {};
    },
  };
  return {
    secrets,
    answer(action: string, input: Input): Answer {
      const answer = answers[action];
      if (!answer) throw new Fault({ code: "UnknownOperation", message: action });
      return answer(input);
    },
  };
}
