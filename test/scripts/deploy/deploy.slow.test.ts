import { spawn } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once as event } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { type JwtKeys, parseJwks, secretKeys } from "../../../core/links/jwt-keys.ts";
import { createAws } from "../../../scripts/deploy/aws/cloud.ts";
import { functionPolicy } from "../../../scripts/deploy/aws/policy.ts";
import {
  type AwsConfig,
  type DeployInput,
  type GcpConfig,
  readDeployConfig,
} from "../../../scripts/deploy/config.ts";
import { deploy, destroy } from "../../../scripts/deploy/deploy.ts";
import { createGcp } from "../../../scripts/deploy/gcp/cloud.ts";
import { Runner } from "../../../scripts/deploy/runner.ts";
import { smokeTest } from "../../../scripts/deploy/smoke-test.ts";
import { toShell } from "../../../scripts/deploy/step.ts";
import { storeAccessNotes } from "../../../scripts/deploy/store-access.ts";
import { openTerminal, shownCommands } from "../../support/deploy/terminal.ts";
import { startService } from "../../support/service-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const root = join(import.meta.dirname, "../../..");
const aws = { region: "eu-central-1", role: "create" } as const;
const gcp = { project: "my-project", region: "europe-west1", serviceAccount: "create" } as const;
const good: DeployInput = {
  target: "both",
  name: "ziplink",
  source: "s3://my-bucket",
  secrets: { LINK_SECRET: "ziplink-link-secret" },
  gcp: { ...gcp, source: "gs://my-bucket/a/" },
  aws,
};

describe("settings of a deployment", () => {
  test("are shared, except those that a cloud's section overrides", () => {
    const [forGcp, forAws] = readDeployConfig({ ...good, aws: { ...aws, memory: 2048 } });
    expect(forGcp).toMatchObject({ target: "gcp", source: "gs://my-bucket/a/", memory: 1024 });
    expect(forAws).toMatchObject({ target: "aws", source: "s3://my-bucket", memory: 2048 });
  });

  test("of the other cloud may be incomplete", () => {
    const gaps = { ...good, gcp: { ...gcp, project: undefined } };
    expect(readDeployConfig(gaps, "aws")).toHaveLength(1);
    expect(() => readDeployConfig(gaps, "gcp")).toThrow(/gcp\.project is not set/);
  });

  test("may enable metrics, with the token among the secrets", () => {
    const secrets = { ...good.secrets, METRICS_TOKEN: "ziplink-metrics-token" };
    const measured = { ...good, secrets, environment: { METRICS: "true" } };
    expect(readDeployConfig(measured)).toHaveLength(2);
  });

  test("may have key sets, which the smoke test reads", () => {
    const secrets = { LINK_JWKS: "ziplink-link-jwks", API_JWKS: "ziplink-api-jwks" };
    const [forGcp, forAws] = readDeployConfig({ ...good, secrets });
    const onGcp = createGcp(forGcp as GcpConfig).linkKeys;
    const onAws = createAws(forAws as AwsConfig).linkKeys;
    expect(onGcp.argv).toContain("--secret=ziplink-link-jwks");
    expect(onAws.argv).toContain("ziplink-link-jwks");
    const k = Buffer.alloc(32, "k").toString("base64url");
    const set = JSON.stringify({ keys: [{ kty: "oct", kid: "1", k }] });
    expect(onGcp.parse(set)).toMatchObject([{ kid: "1", algorithm: "HS256" }]);
    const answer = JSON.stringify({ Parameter: { Value: set } });
    expect(onAws.parse(answer)).toMatchObject([{ kid: "1", algorithm: "HS256" }]);
    expect(() => onGcp.parse("{")).toThrow(/The secret ziplink-link-jwks: .*is not JSON/);
  });

  test("may have a store's credentials on Cloud Run, where its client reads them", () => {
    const secrets = { ...good.secrets, AWS_SECRET_ACCESS_KEY: "s3-key" };
    expect(readDeployConfig({ ...good, secrets }, "gcp")).toHaveLength(1);
  });

  test.each<[object, RegExp]>([
    [{ source: "" }, /source: is not set/],
    [{ source: "/srv/files" }, /source: must be s3:/],
    [{ source: "s3://My Bucket" }, /deploy\.config\.ts for aws: .*\n.*SOURCE must name a bucket/],
    [{ target: "azure" }, /target: must be "gcp", "aws" or "both"/],
    [{ name: "zip" }, /name: must be 6 to 30/],
    [{ nmae: "x" }, /Unrecognized key: "nmae"/],
    [{ aws: { role: "create" } }, /aws\.region is not set/],
    [{ aws: { region: "eu-central-1" } }, /aws\.role/],
    [{ aws: { ...aws, region: "Frankfurt" } }, /aws\.region: must be a region/],
    [{ aws: { ...aws, timeout: 3600 } }, /timeout: must be 900 or less on Lambda/],
    [
      { aws: { ...aws, logRetentionDays: 31 } },
      /logRetentionDays: CloudWatch Logs accepts only 1, 3/,
    ],
    [{ aws: { ...aws, timeout: 5 } }, /timeout: must be 10 or more/],
    [{ crcStore: "https://example.com/" }, /crcStore: must be s3:/],
    [{ manifestStore: "https://example.com/" }, /manifestStore: must be s3:/],
    [{ secrets: {} }, /secrets: must have LINK_SECRET or LINK_JWKS/],
    [{ secrets: { LINK_SECRET: "a", LINK_JWKS: "b" } }, /LINK_SECRET or LINK_JWKS, and not both/],
    [
      { secrets: { LINK_SECRET: "a", AWS_SECRET_ACCESS_KEY: "b" } },
      /secrets\.AWS_SECRET_ACCESS_KEY: is reserved for the platform/,
    ],
    [{ secrets: { LINK_SECRET: "a", PORT: "b" } }, /secrets\.PORT: is reserved for the platform/],
    [
      { secrets: { LINK_JWKS: "a" }, crcStore: "s3://checksums" },
      /CRC_STORE with LINK_JWKS needs CRC_STORE_SECRET/,
    ],
    [{ secrets: { LINK_SECRET: "/a/b" } }, /secrets: names in Secret Manager/],
    [
      { environment: { API_SECRET: "hush-hush" } },
      /environment\.API_SECRET: must be set in secrets/,
    ],
    [{ environment: { LINK_SECRET: "hush-hush" } }, /environment\.LINK_SECRET/],
    [{ environment: { PORT: "80" } }, /environment\.PORT: is reserved for the platform/],
    [{ environment: { AWS_REGION: "x" } }, /environment\.AWS_REGION: is reserved for the platform/],
    // A setting that the service itself would refuse on start.
    [{ environment: { LOG_LEVEL: "loud" } }, /deploy\.config\.ts for gcp: .*\n.*LOG_LEVEL/],
  ])("%j is refused", (change, message) => {
    const read = () => readDeployConfig({ ...good, ...change } as DeployInput);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/hush-hush/);
  });
});

describe("a store of another cloud", () => {
  const s3 = { ...good, gcp };
  const keys = { AWS_ACCESS_KEY_ID: "s3-id", AWS_SECRET_ACCESS_KEY: "s3-key" };
  const noKeys =
    'Warning: Cloud Run has no keys to S3, where "source" is: gcp.secrets lacks AWS_ACCESS_KEY_ID and ' +
    "AWS_SECRET_ACCESS_KEY, and gcp.environment lacks AWS_REGION.";

  test.each<[string, DeployInput, string | undefined]>([
    ["S3 on Cloud Run, without keys", s3, noKeys],
    [
      "S3 on Cloud Run, with half of a key",
      {
        ...s3,
        target: "gcp",
        environment: { AWS_REGION: "eu-central-1" },
        secrets: { ...good.secrets, AWS_ACCESS_KEY_ID: "s3-id" },
      },
      "gcp.secrets lacks AWS_SECRET_ACCESS_KEY. Without",
    ],
    [
      "S3 on Cloud Run, with keys",
      {
        ...s3,
        target: "gcp",
        environment: { AWS_REGION: "eu-central-1" },
        secrets: { ...good.secrets, ...keys },
      },
      undefined,
    ],
    [
      "checksums in S3 on Cloud Run",
      { ...good, gcp: { ...good.gcp, crcStore: "s3://checksums" } },
      'Cloud Run has no keys to S3, where "crcStore" is',
    ],
    [
      "Cloud Storage on Lambda",
      { ...good, aws: { ...aws, source: "gs://my-bucket" } },
      'Lambda has no credentials for Cloud Storage, where "source" is',
    ],
    ["none", good, undefined],
  ])("is warned of: %s", async (_, input, warning) => {
    const notes = readDeployConfig(input).flatMap(storeAccessNotes);
    expect(notes).toEqual(warning === undefined ? [] : [expect.stringContaining(warning)]);
  });

  test("is warned of before the plan is confirmed", async () => {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    await deploy(s3, { dryRun: true, yes: false }, terminal);
    const printed = terminal.taken();
    expect(printed).toContain(noKeys);
    expect(printed.indexOf(noKeys)).toBeLessThan(printed.indexOf("gcloud run deploy"));
  });
});

test("the policy grants the permissions that the settings need", () => {
  const [config] = readDeployConfig(
    {
      ...good,
      crcStore: "s3://checksums/of/ziplink",
      manifestStore: "s3://manifests",
      secrets: { LINK_SECRET: "/ziplink/link", API_SECRET: "/ziplink/api" },
      aws: { ...aws, kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/k" },
    },
    "aws",
  );
  const { Statement } = functionPolicy(config as AwsConfig, {
    account: "123456789012",
    partition: "aws-cn",
  });
  expect(Statement.map(({ Action, Resource }) => [Action.join(), Resource.join()])).toEqual([
    ["s3:ListBucket", "arn:aws-cn:s3:::my-bucket"],
    ["s3:GetObject,s3:GetObjectVersion", "arn:aws-cn:s3:::my-bucket/*"],
    ["s3:ListBucket", "arn:aws-cn:s3:::checksums"],
    ["s3:GetObject,s3:PutObject", "arn:aws-cn:s3:::checksums/of/ziplink/*"],
    ["s3:ListBucket", "arn:aws-cn:s3:::manifests"],
    ["s3:GetObject,s3:PutObject", "arn:aws-cn:s3:::manifests/*"],
    ["kms:Decrypt,kms:GenerateDataKey", "arn:aws:kms:eu-central-1:123456789012:key/k"],
    [
      "ssm:GetParameters",
      "arn:aws-cn:ssm:eu-central-1:123456789012:parameter/ziplink/link,arn:aws-cn:ssm:eu-central-1:123456789012:parameter/ziplink/api",
    ],
    [
      "logs:CreateLogStream,logs:PutLogEvents",
      "arn:aws-cn:logs:eu-central-1:123456789012:log-group:/aws/lambda/ziplink:*",
    ],
  ]);
});

test("the policy in the guide is the one that is created", async () => {
  const guide = await readFile(join(root, "docs/DEPLOY.md"), "utf8");
  const [config] = readDeployConfig({ ...good, source: "s3://my-bucket/exports" }, "aws");
  const [, policy = ""] = /```json\n([^`]+)```/.exec(guide) ?? [];
  const account = { account: "123456789012", partition: "aws" };
  expect(functionPolicy(config as AwsConfig, account)).toEqual(JSON.parse(policy));
});

describe("without a CLI", () => {
  const once = { dryRun: false, yes: true };

  test("nothing is attempted, and the error says what to install", async () => {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    await expect(deploy(good, { ...once, target: "aws" }, terminal)).rejects.toThrow(
      /aws is not on the PATH\. Install the AWS CLI \(https:\/\/docs\.aws/,
    );
    await expect(
      destroy(good, { ...once, target: "gcp", withSecret: true }, terminal),
    ).rejects.toThrow(/gcloud is not on the PATH\. Install it \(https:\/\/cloud\.google/);
    expect(existsSync(join(terminal.root, "dist"))).toBe(false);
  });

  test("a dry run shows a first deployment to both clouds", async () => {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    // A secret that only a person can provide is assumed to exist.
    const secrets = { ...good.secrets, STORE_PASSWORD: "store-password" };
    await deploy({ ...good, secrets }, { dryRun: true, yes: false }, terminal);
    const printed = terminal.taken();
    expect(printed).toContain(
      "This dry run assumes an account in which nothing has been deployed:",
    );
    const commands = (await shownCommands(printed)).map((words) => words.slice(0, 4).join(" "));
    expect(commands).toContain("gcloud run deploy ziplink");
    expect(commands).toContain("aws lambda create-function --function-name");
  });

  test("a dry run of destroy says that nobody is logged in, and shows no empty plan", async () => {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    const options = { dryRun: true, yes: false, withSecret: false };
    await expect(destroy(good, options, terminal)).rejects.toThrow(
      /gcloud is not on the PATH\. Install it .*\n\nWithout a login nobody can tell what there is to destroy\./s,
    );
    expect(terminal.taken()).not.toContain("0 steps");
  });

  test("a dry run prints the permissions that one's own role and account need", async () => {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    const role = "arn:aws:iam::123456789012:role/mine";
    const serviceAccount = "mine@my-project.iam.gserviceaccount.com";
    const own = { ...good, aws: { ...aws, role }, gcp: { ...good.gcp, ...gcp, serviceAccount } };
    await deploy(own, { dryRun: true, yes: false }, terminal);
    const printed = terminal.taken();
    expect(printed).toContain(`The role ${role} needs this policy:`);
    expect(printed).toContain('"s3:GetObjectVersion"');
    expect(printed).toContain(`The service account ${serviceAccount} needs these permissions:`);
    expect(printed).not.toMatch(
      /create-role|put-role-policy|service-accounts create|add-iam-policy/,
    );
  });
});

describe("commands", () => {
  /** Opens a terminal with a program `tool` that runs `script`. */
  async function withTool(script: string) {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    const path = join(terminal.root, "bin/tool");
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    const env = { ...terminal.env, PATH: `${terminal.env.PATH}:${process.env.PATH}` };
    return { ...terminal, env };
  }

  test("are printed so that they can be pasted into a shell", async () => {
    const words = [
      "a",
      "",
      "it's",
      '{"a":[1,"*"]}',
      "$HOME",
      "a b",
      "--x=^;^a;b",
      "`id`",
      "\\",
      "~",
    ];
    const [shown] = await shownCommands(`  $ ${toShell(words)}`);
    expect(shown).toEqual(words);
  });

  test.each([
    ["a file of this user alone", { via: "file", path: "dist/new" } as const, "dist/new"],
    ["standard input", { via: "stdin" } as const, "/dev/fd/0"],
  ])("receive a secret through %s", async (_, newSecret, from) => {
    const terminal = await withTool(
      `stat -L -c %a "$1" > mode; cat "$1" > got 2>/dev/null || cat > got`,
    );
    const argv = ["tool", from];
    await new Runner(terminal).change({ title: "t", argv, newSecret });
    const secret = await readFile(join(terminal.root, "got"), "utf8");
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(terminal.taken()).not.toContain(secret);
    if (newSecret.via === "file") {
      expect(await readFile(join(terminal.root, "mode"), "utf8")).toBe("600\n");
      expect(existsSync(join(terminal.root, newSecret.path))).toBe(false);
    }
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "ended by %s leave no secret behind",
    async (signal) => {
      // The program ends its caller and waits for that.
      const { root: cwd, env } = await withTool(
        `cp "$1" got; kill -s ${signal.slice(3)} $PPID; while kill -0 $PPID; do :; done 2>/dev/null`,
      );
      const program = `
      import { Runner } from ${JSON.stringify(join(root, "scripts/deploy/runner.ts"))};
      const runner = new Runner({ root: ${JSON.stringify(cwd)}, env: process.env, print() {} });
      const newSecret = { via: "file", path: "dist/new" };
      await runner.change({ title: "t", argv: ["tool", "dist/new"], newSecret });`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], { cwd, env });
      onTestFinished(() => void child.kill("SIGKILL"));
      expect(await event(child, "exit")).toEqual([null, signal]);
      expect(await readFile(join(cwd, "got"), "utf8")).toMatch(/^[\w-]{43}$/);
      expect(existsSync(join(cwd, "dist/new"))).toBe(false);
    },
  );

  test("may fail if there is nothing to do, and are retried if they are too early", async () => {
    const terminal = await withTool(
      'echo x >> tries; [ "$(wc -l < tries)" -ge 3 ] || { echo "(NotYet)" >&2; exit 4; }; echo "(Gone)" >&2; exit 5',
    );
    const runner = new Runner(terminal);
    const step = { title: "t", argv: ["tool"], tolerates: /\(Gone\)/, retries: /\(NotYet\)/ };
    await runner.change(step);
    expect((await readFile(join(terminal.root, "tries"), "utf8")).trim()).toBe("x\nx\nx");
    await expect(runner.change({ title: "t", argv: ["tool"] })).rejects.toThrow(
      "t: failed with exit code 5\n\n  $ tool\n\n(Gone)",
    );
  });

  test("that read a secret show no standard output when they fail", async () => {
    const terminal = await withTool("echo hush-hush; echo denied >&2; exit 1");
    const read = { title: "Read it", argv: ["tool"], parse: (value: string) => value };
    const failed = await new Runner(terminal).read(read).catch((error: Error) => error.message);
    expect(failed).toContain("denied");
    expect(failed).not.toContain("hush-hush");
  });
});

describe("confirmation", () => {
  /** An `aws` that finds no function and accepts every change. */
  const ABSENT = `case "$*" in
    *generate-cli-skeleton*) echo InvokedViaFunctionUrl ;;
    *get-caller-identity*) echo '{"Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/x"}' ;;
    *describe-log-groups*) echo '{"logGroups":[]}' ;;
    *" get-"*) echo '(ResourceNotFoundException)' >&2; exit 254 ;;
    *) echo "$*" >> changes ;;
  esac`;

  async function asked(answer?: boolean) {
    const folder = await temporaryFolder();
    const terminal = await openTerminal({ folder, ...(answer === undefined ? {} : { answer }) });
    await mkdir(join(folder, "bin"), { recursive: true });
    await writeFile(join(folder, "bin/aws"), `#!/bin/sh\n${ABSENT}\n`, { mode: 0o755 });
    return terminal;
  }
  const options = { dryRun: false, yes: false, target: "aws" };

  test("answered no, changes nothing", async () => {
    const terminal = await asked(false);
    await deploy(good, options, terminal);
    expect(terminal.taken()).toContain("Nothing was changed.");
    await expect(stat(join(terminal.root, "changes"))).rejects.toThrow("ENOENT");
  });

  test("without a terminal, the error asks for --yes", async () => {
    const terminal = await asked();
    await expect(deploy(good, options, terminal)).rejects.toThrow(/Run the command with --yes/);
    await expect(stat(join(terminal.root, "changes"))).rejects.toThrow("ENOENT");
  });

  test("a function that npm run deploy did not create is left alone", async () => {
    const terminal = await asked(true);
    const theirs = `case "$*" in *get-function\\ *) echo '{"Configuration":{"Description":"theirs"}}'; exit ;; esac`;
    await writeFile(join(terminal.root, "bin/aws"), `#!/bin/sh\n${theirs}\n${ABSENT}\n`);
    await expect(deploy(good, options, terminal)).rejects.toThrow(
      /The function ziplink already exists and was not created by npm run deploy/,
    );
    await expect(destroy(good, { ...options, withSecret: false }, terminal)).rejects.toThrow(
      /The function ziplink already exists/,
    );
  });

  test("secrets that cannot be generated must exist to deploy, but not to destroy", async () => {
    const terminal = await asked(true);
    const secrets = { ...good.secrets, API_JWKS: "api-jwks", STORE_PASSWORD: "store-password" };
    await expect(deploy({ ...good, secrets }, options, terminal)).rejects.toThrow(
      /api-jwks does not exist\. Create it: aws ssm put-parameter .*\nThe secret store-password does/,
    );
    await destroy({ ...good, secrets }, { ...options, withSecret: true }, terminal);
    expect(terminal.taken()).toContain("Destroy ziplink, its logs and its secrets");
  });

  test("a secret scheduled for deletion is refused by a deployment, and not deleted again", async () => {
    const terminal = await asked(true);
    const leaving = `case "$*" in *describe-secret*) echo '{"DeletedDate":"2026"}'; exit ;; esac`;
    await writeFile(join(terminal.root, "bin/aws"), `#!/bin/sh\n${leaving}\n${ABSENT}\n`);
    const kept = { ...good, aws: { ...aws, secretStore: "secretsmanager" } as const };
    await expect(deploy(kept, options, terminal)).rejects.toThrow(
      /ziplink-link-secret is scheduled for deletion\. Restore it: aws secretsmanager restore-secret/,
    );
    await destroy(kept, { ...options, withSecret: true }, terminal);
    await expect(stat(join(terminal.root, "changes"))).rejects.toThrow("ENOENT");
  });
});

describe("before any change", () => {
  /**
   * Opens a terminal with programs that know only the login, and record the changes that they are
   * to make.
   */
  async function withPrograms(programs: Readonly<Record<string, string>>) {
    const terminal = await openTerminal({ folder: await temporaryFolder() });
    for (const [name, script] of Object.entries(programs)) {
      const file = join(terminal.root, "bin", name);
      await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return terminal;
  }
  const gcloud = (version: string) => `case "$*" in
    version*) echo '{"Google Cloud SDK":"${version}"}' ;;
    "projects describe"*) echo '{"projectId":"my-project"}' ;;
    "services list"*) echo '[]' ;;
    *describe*|*list*) echo NOT_FOUND >&2; exit 1 ;;
    *) echo "$*" >> changes ;;
  esac`;

  test.each([
    ["the other cloud's tool is missing", "both", { gcloud: gcloud("528.0.0") }, /aws is not on/],
    [
      "gcloud is old",
      "gcp",
      { gcloud: gcloud("400.0.0") },
      /gcloud 400\.0\.0 is too old; it must be 528/,
    ],
    ["the AWS CLI is old", "aws", { aws: "echo '{}'" }, /must be from October 2025 or later/],
  ] as const)("deploy notices that %s", async (_, target, programs, message) => {
    const terminal = await withPrograms(programs);
    const options = { dryRun: false, yes: true, target };
    await expect(deploy(good, options, terminal)).rejects.toThrow(message);
    await expect(stat(join(terminal.root, "changes"))).rejects.toThrow("ENOENT");
  });

  test("a secret missing from Secret Manager is required to deploy, but not to destroy", async () => {
    const terminal = await withPrograms({ gcloud: gcloud("528.0.0") });
    const options = { dryRun: false, yes: true, target: "gcp" };
    const secrets = { ...good.secrets, STORE_PASSWORD: "store-password" };
    await expect(deploy({ ...good, secrets }, options, terminal)).rejects.toThrow(
      /The secret store-password does not exist\. Create it: gcloud secrets create store-password/,
    );
    await expect(stat(join(terminal.root, "changes"))).rejects.toThrow("ENOENT");
    await destroy({ ...good, secrets }, { ...options, withSecret: true }, terminal);
  });
});

describe("the smoke test", () => {
  const [config] = readDeployConfig(good, "aws");
  const secret = "a secret of thirty-two bytes, ok";

  async function tried(answer: (url: string) => [status: number, type: string, body: string]) {
    const server = createServer((request, response) => {
      const [status, type, body] = answer(request.url ?? "");
      response.writeHead(status, { "content-type": type }).end(body);
    });
    await event(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const quiet = { print: () => undefined, sleep: async () => undefined };
    if (!config) throw new Error("no settings");
    return smokeTest({ config, url, keys: secretKeys(secret) }, quiet);
  }

  test("says why a deployment is unhealthy", async () => {
    await expect(tried(() => [502, "text/plain", "bad gateway"])).rejects.toThrow(
      /healthz does not answer: 502 bad gateway/,
    );
  });

  test("accepts Cloud Run's own page at /healthz, and says why a link fails", async () => {
    const problem = JSON.stringify({ detail: "There are no objects under this link's prefix." });
    const answer = tried((url) =>
      url === "/healthz"
        ? [404, "text/html", "Google"]
        : [404, "application/problem+json", problem],
    );
    await expect(answer).rejects.toThrow(
      /answered with 404: There are no objects under this link's prefix\. Set testPrefix/,
    );
  });

  /** Returns the last line that the smoke test of a service over `files` prints. */
  async function lastLine(
    files: Record<string, number>,
    env: Record<string, string>,
    keys: JwtKeys,
  ) {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "a/b"), { recursive: true });
    for (const [name, size] of Object.entries(files)) {
      await writeFile(join(folder, name), "");
      await truncate(join(folder, name), size);
    }
    const service = await startService("functions/node.ts", { SOURCE: folder, ...env });
    const printed: string[] = [];
    const world = {
      print: (line: string) => void printed.push(line),
      sleep: async () => undefined,
    };
    try {
      if (!config) throw new Error("no settings");
      const { url } = service;
      await smokeTest({ config: { ...config, testPrefix: "a/" }, url, keys }, world);
    } finally {
      await service.stop();
    }
    return printed.at(-1);
  }

  test.each([
    ["a large archive", 80_000_000, {}],
    ["one above what a response may have", 3_000_000, { MAX_RESPONSE_BYTES: "1_000_000" }],
  ])("fetches one file of %s", async (_, size, limit) => {
    // In the ZIP, the folder and the name with a colon have other names than in the store.
    const files = { "a/large": size, "a/b/s:1": 10, "a/e": 0 };
    const line = await lastLine(files, { LINK_SECRET: secret, ...limit }, secretKeys(secret));
    expect(line).toMatch(/^ {2}its smallest file: 200, \d{3} bytes$/);
  });

  test("signs with a key set; if it has only public keys, tests no link", async () => {
    const pair = generateKeyPairSync("ed25519");
    const jwksOf = (key: KeyObject) =>
      JSON.stringify({ keys: [{ kid: "1", ...key.export({ format: "jwk" }) }] });
    const env = { LINK_JWKS: jwksOf(pair.publicKey) };
    const tried = (key: KeyObject) => lastLine({ "a/s": 10 }, env, parseJwks(jwksOf(key)));
    expect(await tried(pair.privateKey)).toMatch(/^ {2}the whole archive: 200/);
    expect(await tried(pair.publicKey)).toMatch(/healthy; no link was tested/);
  });

  test("refuses an archive that is not one", async () => {
    await expect(tried(() => [200, "application/zip", "PK"])).rejects.toThrow(/Requested one byte/);
  });
});

test.each([
  ["deploy", ["--help"], 0, /Usage: npm run deploy/],
  ["destroy", ["--help"], 0, /--with-secret/],
  ["deploy", ["--frob"], 1, /Unknown option '--frob'/],
  ["deploy", ["--config", "nowhere.ts"], 1, /The settings file nowhere\.ts does not exist/],
  [
    "deploy",
    ["--target", "aws"],
    1,
    /Invalid settings in deploy\.config\.ts:\n {2}source: is not set/,
  ],
  ["destroy", ["--target", "moon"], 1, /target: must be "gcp", "aws" or "both"/],
])("%s %j", async (command, args, code, message) => {
  const child = spawn(process.execPath, [join(root, "scripts/ziplink.ts"), command, ...args], {
    cwd: await temporaryFolder(),
    env: { PATH: "/nowhere" },
  });
  const closed = event(child, "close");
  const said = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(await closed).toEqual([code, null]);
  expect(said.join("")).toMatch(message);
  expect(said.join("")).not.toMatch(/^\s+at /m);
});

test("settings that import a missing file are not reported as missing themselves", async () => {
  const settings = join(await temporaryFolder(), "settings.ts");
  await writeFile(settings, 'import "./nowhere.ts";\n');
  const args = [join(root, "scripts/ziplink.ts"), "deploy", "--config", settings];
  const child = spawn(process.execPath, args, { env: { PATH: "/nowhere" } });
  const [said] = await Promise.all([text(child.stderr), event(child, "close")]);
  expect(said).toMatch(/Cannot find module '.*nowhere\.ts' imported from .*settings\.ts/);
  expect(said).not.toContain("does not exist");
});
