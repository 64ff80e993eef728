import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { secretKeys } from "../../../core/links/jwt-keys.ts";
import { verifyLink } from "../../../core/links/link.ts";
import { planDestroy } from "../../../scripts/deploy/aws/destroy.ts";
import { planDeploy } from "../../../scripts/deploy/aws/plan.ts";
import { type AwsState, reads } from "../../../scripts/deploy/aws/state.ts";
import { DESCRIPTION } from "../../../scripts/deploy/cloud.ts";
import {
  type AwsConfig,
  type DeployInput,
  readDeployConfig,
} from "../../../scripts/deploy/config.ts";
import { deploy, destroy } from "../../../scripts/deploy/deploy.ts";
import { Runner } from "../../../scripts/deploy/runner.ts";
import { startDeployedService } from "../../support/deploy/deployed-service.ts";
import { startStubAws } from "../../support/deploy/stub-aws.ts";
import { openTerminal, shownCommands } from "../../support/deploy/terminal.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

const own = { region: "eu-central-1", role: "create" } as const;
const cloudFront = "arn:aws:cloudfront::123456789012:distribution/E123";

const config: DeployInput = {
  target: "aws",
  name: "ziplink",
  source: "s3://my-bucket/docs",
  secrets: { LINK_SECRET: "ziplink-link-secret" },
  cors: ["https://a.example", "https://b.example"],
  limits: { maxEntries: 500 },
  aws: own,
};
/** The state after a deployment. */
const found: AwsState = {
  account: "123456789012",
  partition: "aws",
  secrets: new Map(),
  role: { Description: DESCRIPTION },
  logGroup: true,
  function: { Description: DESCRIPTION, isReserved: false },
  url: "https://x.lambda-url.eu-central-1.on.aws/",
  statements: [
    { id: "url-public", sourceArn: undefined },
    { id: "url-invoke", sourceArn: undefined },
  ],
};

function read(input: DeployInput): AwsConfig {
  const [config] = readDeployConfig(input);
  return config as AwsConfig;
}

const once = { dryRun: false, yes: true };

/** The calls that change something, in the order of a first deployment. */
const FIRST = [
  "ssm PutParameter",
  "iam CreateRole",
  "iam PutRolePolicy",
  "logs CreateLogGroup",
  "logs PutRetentionPolicy",
  "lambda CreateFunction",
  "lambda CreateFunctionUrlConfig",
  "lambda AddPermission",
  "lambda AddPermission",
];
const UPDATE = [
  "iam PutRolePolicy",
  "logs PutRetentionPolicy",
  "lambda UpdateFunctionCode",
  "lambda UpdateFunctionConfiguration",
  "lambda UpdateFunctionUrlConfig",
];
const REMOVED = [
  "lambda DeleteFunctionUrlConfig",
  "lambda DeleteFunction",
  "logs DeleteLogGroup",
  "iam DeleteRolePolicy",
  "iam DeleteRole",
];
const SMOKE = [
  "GET /healthz",
  "HEAD /zip/…/test.zip",
  "GET /zip/…/test.zip bytes=0-0",
  "GET /zip/…/test.zip?format=json",
  "GET /zip/…/test.zip",
];

async function setUp(onTestFinished: (done: () => Promise<void>) => void) {
  const folder = await makeFolder();
  const secret = () => [...stub.secrets.values()][0];
  const service = await startDeployedService(() => secret());
  const stub = await startStubAws(() => service.url);
  onTestFinished(async () => {
    await stub.close();
    await service.close();
    await removeFolder(folder);
  });
  const env = {
    AWS_ENDPOINT_URL: stub.url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "of no use",
    AWS_MAX_ATTEMPTS: "1",
  };
  const terminal = await openTerminal({ folder, program: "aws", env });
  /** Returns the calls since the last time that changed something. */
  const changes = () =>
    stub.calls.splice(0).filter(({ action }) => !/ (?:Get|Describe)/.test(action));
  const actions = () => changes().map(({ action }) => action);
  return { folder, service, stub, terminal, secret, changes, actions };
}

// Each test starts dozens of Python programs, which use the whole machine when they run side by
// side.
vi.setConfig({ testTimeout: 240_000 });

describeWithTools("npm run deploy with the real aws", ["aws"], () => {
  test.concurrent("deploys as the dry run shows, updates, and is removed again", async (context) => {
    const { folder, service, stub, terminal, secret, changes, actions } = await setUp(
      context.onTestFinished,
    );
    await deploy(config, { ...once, dryRun: true }, terminal);
    expect(actions()).toEqual([]);
    await terminal.commands();
    const shown = await shownCommands(terminal.taken());

    await deploy(config, once, terminal);
    expect(await terminal.commands()).toEqual(shown);
    const calls = changes();
    expect(calls.map(({ action }) => action)).toEqual(FIRST);
    const input = (action: string) => calls.find((call) => call.action === action)?.input;
    expect(input("lambda CreateFunction")).toMatchObject({
      FunctionName: "ziplink",
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Architectures: ["arm64"],
      Role: "arn:aws:iam::123456789012:role/ziplink-function",
      Timeout: 900,
      MemorySize: 1024,
      LoggingConfig: { LogFormat: "JSON", LogGroup: "/aws/lambda/ziplink" },
      Environment: {
        Variables: {
          SOURCE: "s3://my-bucket/docs",
          CORS_ORIGINS: "https://a.example,https://b.example",
          MAX_ENTRIES: "500",
          NODE_OPTIONS: "--max-semi-space-size=8",
          SECRET_PARAMETERS: "LINK_SECRET=ziplink-link-secret",
        },
      },
    });
    expect(input("lambda CreateFunctionUrlConfig")).toEqual({
      AuthType: "NONE",
      InvokeMode: "RESPONSE_STREAM",
    });
    const permissions = calls.filter(({ action }) => action === "lambda AddPermission");
    expect(permissions.map((call) => call.input)).toEqual([
      {
        StatementId: "url-public",
        Action: "lambda:InvokeFunctionUrl",
        Principal: "*",
        FunctionUrlAuthType: "NONE",
      },
      {
        StatementId: "url-invoke",
        Action: "lambda:InvokeFunction",
        Principal: "*",
        InvokedViaFunctionUrl: true,
      },
    ]);
    expect(JSON.parse(String(input("iam PutRolePolicy")?.PolicyDocument)).Statement).toEqual([
      { Effect: "Allow", Action: ["s3:ListBucket"], Resource: ["arn:aws:s3:::my-bucket"] },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: ["arn:aws:s3:::my-bucket/docs/*"],
      },
      {
        Effect: "Allow",
        Action: ["ssm:GetParameters"],
        Resource: ["arn:aws:ssm:eu-central-1:123456789012:parameter/ziplink-link-secret"],
      },
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/ziplink:*"],
      },
    ]);
    expect(input("logs PutRetentionPolicy")).toMatchObject({ retentionInDays: 30 });

    // It has tested the deployment, and printed no secret.
    expect(service.requests.splice(0)).toEqual(SMOKE);
    const made = secret() ?? "";
    expect(Buffer.from(made, "base64url")).toHaveLength(32);
    const printed = terminal.taken();
    expect(printed).not.toContain(made);
    expect(existsSync(join(folder, "dist/deploy/aws-secret"))).toBe(false);
    const [, token = ""] = /\/zip\/([\w.-]+)\/test\.zip/.exec(printed) ?? [];
    await expect(verifyLink(token, secretKeys(made))).resolves.toMatchObject({
      spec: { prefix: "" },
    });

    // A second deployment updates and keeps the secret.
    const changed = { ...config, logRetentionDays: 90, aws: { ...own, memory: 2048 } };
    await deploy(changed, once, terminal);
    const updates = changes();
    expect(updates.map(({ action }) => action)).toEqual(UPDATE);
    expect(updates[1]?.input).toMatchObject({ retentionInDays: 90 });
    expect(updates[3]?.input).toMatchObject({ MemorySize: 2048 });
    expect(secret()).toBe(made);

    await destroy(config, { ...once, withSecret: false }, terminal);
    expect(actions()).toEqual(REMOVED);
    expect(stub.secrets.size).toBe(1);
  });

  test.concurrent("continues where it failed when run again", async (context) => {
    const { stub, terminal, actions } = await setUp(context.onTestFinished);
    stub.fail("logs PutRetentionPolicy", {
      code: "AccessDeniedException",
      message: "not authorized to perform: logs:PutRetentionPolicy",
    });
    terminal.taken();
    const failed = await deploy(config, once, terminal).catch((error: Error) => error.message);
    expect(failed).toMatch(/Set the retention of the log: failed with exit code 25[0-9]/);
    expect(failed).toContain(
      "$ aws logs put-retention-policy --log-group-name /aws/lambda/ziplink",
    );
    expect(failed).toContain("not authorized to perform: logs:PutRetentionPolicy");
    expect(failed).toContain("to continue from here");
    expect(actions()).toEqual(FIRST.slice(0, 5));

    // A new role does not take effect at once, which leads to a retry and not to a failure.
    stub.fail("lambda CreateFunction", {
      code: "InvalidParameterValueException",
      message: "The role defined for the function cannot be assumed by Lambda.",
    });
    await deploy(config, once, terminal);
    expect(actions()).toEqual([
      "iam PutRolePolicy",
      "logs PutRetentionPolicy",
      "lambda CreateFunction",
      ...FIRST.slice(5),
    ]);
    expect(terminal.taken()).toContain("the whole archive: 200");
  });

  // Runs only the steps that the settings above do not produce.
  test.concurrent("the CLI accepts the steps of other settings", async (context) => {
    const { terminal, changes } = await setUp(context.onTestFinished);
    const aws = { ...own, secretStore: "secretsmanager", cloudFront } as const;
    const other = read({ ...config, maxInstances: 5, aws });
    const reserved = { ...found, function: { Description: DESCRIPTION, isReserved: true } };
    const kept = { ...found, secrets: new Map([["ziplink-link-secret", "there"] as const]) };
    const steps = [
      ...planDeploy(other, { ...found, url: undefined }, "dist/deploy/aws.zip").steps,
      ...planDeploy(read(config), reserved, "dist/deploy/aws.zip").steps,
      ...planDestroy(other, kept, true).steps,
      ...planDestroy(read(config), kept, true).steps,
    ];
    const more = /secret|permission|concurrency|parameter|url-config AWS_IAM/;
    const runner = new Runner(terminal);
    for (const step of steps) {
      const [, service, verb, ...words] = step.argv;
      const auth = words.includes("AWS_IAM") ? "AWS_IAM" : "";
      if (more.test(`${service} ${verb} ${auth}`)) await runner.change(step);
    }
    const calls = changes();
    expect(calls.map(({ action }) => action)).toEqual([
      "secretsmanager CreateSecret",
      "lambda PutFunctionConcurrency",
      "lambda CreateFunctionUrlConfig",
      "lambda RemovePermission",
      "lambda RemovePermission",
      "lambda AddPermission",
      "lambda AddPermission",
      "ssm PutParameter",
      "lambda DeleteFunctionConcurrency",
      "secretsmanager DeleteSecret",
      "ssm DeleteParameter",
    ]);
    expect(calls[1]?.input).toEqual({ ReservedConcurrentExecutions: 5 });
    expect(calls[2]?.input).toEqual({ AuthType: "AWS_IAM", InvokeMode: "RESPONSE_STREAM" });
    expect(calls[6]?.input).toEqual({
      StatementId: "cloudfront-invoke",
      Action: "lambda:InvokeFunction",
      Principal: "cloudfront.amazonaws.com",
      SourceArn: cloudFront,
      InvokedViaFunctionUrl: true,
    });

    // A further deployment keeps them, unless it is for another distribution.
    const statements = (await runner.read(reads(other).statements)) ?? [];
    expect(statements.map(({ id }) => id)).toEqual(["cloudfront-url", "cloudfront-invoke"]);
    const permissionSteps = (distribution: string | undefined) =>
      planDeploy(
        { ...other, cloudFront: distribution },
        { ...found, statements },
        "dist/deploy/aws.zip",
      ).steps.flatMap(({ argv }) => (/permission$/.test(argv[2] ?? "") ? [argv[2]] : []));
    expect(permissionSteps(cloudFront)).toEqual([]);
    const renewed = [
      ...["remove-permission", "remove-permission"],
      ...["add-permission", "add-permission"],
    ];
    expect(permissionSteps(`${cloudFront}4`)).toEqual(renewed);
    expect(permissionSteps(undefined)).toEqual(renewed);
  });

  test.concurrent("refuses another account, and a missing login, before changing anything", async (context) => {
    const { terminal, actions } = await setUp(context.onTestFinished);
    const account = { ...own, account: "999999999999" };
    await expect(deploy({ ...config, aws: account }, once, terminal)).rejects.toThrow(
      /logged in to the account 123456789012/,
    );
    const foreign = { ...terminal, env: { ...terminal.env, AWS_ACCESS_KEY_ID: "" } };
    await expect(deploy(config, once, foreign)).rejects.toThrow(/Log in first: aws configure/);
    expect(actions()).toEqual([]);
  });
});
