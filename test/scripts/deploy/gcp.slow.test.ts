import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { DESCRIPTION } from "../../../scripts/deploy/cloud.ts";
import {
  type DeployInput,
  type GcpConfig,
  readDeployConfig,
} from "../../../scripts/deploy/config.ts";
import { deploy, destroy } from "../../../scripts/deploy/deploy.ts";
import { planDestroy } from "../../../scripts/deploy/gcp/destroy.ts";
import { gcloud, SERVICES } from "../../../scripts/deploy/gcp/names.ts";
import { planDeploy } from "../../../scripts/deploy/gcp/plan.ts";
import { type GcpState, reads } from "../../../scripts/deploy/gcp/state.ts";
import { Runner } from "../../../scripts/deploy/runner.ts";
import { startDeployedService } from "../../support/deploy/deployed-service.ts";
import { startStubGcp } from "../../support/deploy/stub-gcp.ts";
import { openTerminal, shownCommands } from "../../support/deploy/terminal.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";

const own = { project: "my-project", region: "europe-west1", serviceAccount: "create" } as const;

const config: DeployInput = {
  target: "gcp",
  name: "ziplink",
  source: "gs://my-bucket/docs",
  secrets: { LINK_SECRET: "ziplink-link-secret" },
  cors: ["https://a.example", "https://b.example"],
  limits: { maxEntries: 500 },
  gcp: own,
};
/** The same settings with a log retention, and the state after their deployment. */
const kept = readDeployConfig({ ...config, logRetentionDays: 30 })[0] as GcpConfig;
const logSink = {
  description: DESCRIPTION,
  destination: "logging.googleapis.com/projects/my-project/locations/europe-west1/buckets/ziplink",
  filter: `resource.type="cloud_run_revision" AND resource.labels.service_name="ziplink" AND resource.labels.location="europe-west1"`,
};
const logged: GcpState = {
  services: SERVICES,
  secrets: new Map([["ziplink-link-secret", true]]),
  account: { description: DESCRIPTION },
  service: undefined,
  logBucket: { description: DESCRIPTION },
  logSink,
  exclusions: ["ziplink"],
};
/** Skips the parts of each start of gcloud that only people need. */
const quick = {
  CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: "true",
  CLOUDSDK_CORE_DISABLE_FILE_LOGGING: "true",
  CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: "true",
};
const once = { dryRun: false, yes: true };
const ACCOUNT = "ziplink@my-project.iam.gserviceaccount.com";
const NAMESPACE = "europe-west1-run/apis/serving.knative.dev/v1/namespaces/my-project/services";

/** The calls that change something, in the order of a first deployment. */
const SECRET = [
  "POST secretmanager/v1/projects/my-project/secrets",
  "POST secretmanager/v1/projects/my-project/secrets/ziplink-link-secret:addVersion",
];
const ENABLE = "POST serviceusage/v1/projects/my-project/services:batchEnable";
const MAKE_ACCOUNT = "POST iam/v1/projects/my-project/serviceAccounts";
const PERMIT = [
  "PUT storage/storage/v1/b/my-bucket/iam",
  "POST secretmanager/v1/projects/my-project/secrets/ziplink-link-secret:setIamPolicy",
];
const BUILD = [
  "POST storage/upload/storage/v1/b/run-sources-my-project-europe-west1/o",
  "POST europe-west1-run/v2/projects/my-project/locations/europe-west1/builds:submit",
];
const PUBLISH =
  "POST run/v1/projects/my-project/locations/europe-west1/services/ziplink:setIamPolicy";

async function setUp(onTestFinished: (done: () => Promise<void>) => void) {
  const folder = await makeFolder();
  const secret = () => [...stub.secrets.values()].find(Boolean);
  const service = await startDeployedService(() => secret());
  const stub = await startStubGcp(() => service.url);
  onTestFinished(async () => {
    await stub.close();
    await service.close();
    await removeFolder(folder);
  });
  const env = { CLOUDSDK_CONFIG: join(folder, "gcloud"), ...quick, ...stub.env };
  const terminal = await openTerminal({ folder, program: "gcloud", env });
  /** Returns the calls since the last time that changed something. */
  const changes = () => stub.calls.splice(0).filter(({ action }) => !action.startsWith("GET "));
  const actions = () => changes().map(({ action }) => action);
  return { folder, service, stub, terminal, secret, changes, actions };
}

// Each test starts dozens of Python programs, which use the whole machine when they run side by
// side.
vi.setConfig({ testTimeout: 240_000 });

describeWithTools("npm run deploy with the real gcloud", ["gcloud", "unzip"], () => {
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
    expect(calls.map(({ action }) => action)).toEqual([
      ENABLE,
      ...SECRET,
      MAKE_ACCOUNT,
      ...PERMIT,
      ...BUILD,
      `POST ${NAMESPACE}`,
      PUBLISH,
    ]);
    const input = (action: string) => calls.find((call) => call.action === action)?.input;
    expect(input(PERMIT[0] ?? "")).toMatchObject({
      bindings: [{ role: "roles/storage.objectViewer", members: [`serviceAccount:${ACCOUNT}`] }],
    });
    expect(input(PERMIT[1] ?? "")).toMatchObject({
      policy: {
        bindings: [
          { role: "roles/secretmanager.secretAccessor", members: [`serviceAccount:${ACCOUNT}`] },
        ],
      },
    });
    expect(input(BUILD[1] ?? "")).toMatchObject({
      buildpackBuild: { baseImage: "nodejs24", functionTarget: "ziplink" },
    });
    expect(input(PUBLISH)).toMatchObject({
      policy: { bindings: [{ role: "roles/run.invoker", members: ["allUsers"] }] },
    });
    expect(input(`POST ${NAMESPACE}`)).toMatchObject({
      metadata: { name: "ziplink", labels: { "managed-by": "ziplink-deploy" } },
      spec: {
        template: {
          spec: {
            serviceAccountName: ACCOUNT,
            timeoutSeconds: 3600,
            containerConcurrency: 20,
            containers: [
              {
                resources: { limits: { cpu: "1", memory: "1024Mi" } },
                env: [
                  { name: "NODE_OPTIONS", value: "--max-semi-space-size=8" },
                  { name: "SOURCE", value: "gs://my-bucket/docs" },
                  { name: "GOOGLE_CLOUD_PROJECT", value: "my-project" },
                  { name: "CORS_ORIGINS", value: "https://a.example,https://b.example" },
                  { name: "MAX_ENTRIES", value: "500" },
                  {
                    name: "LINK_SECRET",
                    valueFrom: { secretKeyRef: { name: "ziplink-link-secret", key: "latest" } },
                  },
                ],
              },
            ],
          },
        },
      },
    });

    // It has uploaded the bundle, and nothing else.
    const zip = join(folder, "source.zip");
    await writeFile(zip, stub.uploads[0] ?? "");
    const { stdout } = await runTool({ program: "unzip", args: ["-Z1", zip] });
    const names = stdout.trim().split("\n").sort();
    expect(names.filter((name) => !name.startsWith("chunks/"))).toEqual([
      "index.js",
      "package.json",
    ]);

    // It has tested the deployment, and printed no secret.
    expect(service.requests.splice(0)).toEqual([
      "GET /healthz",
      "HEAD /zip/…/test.zip",
      "GET /zip/…/test.zip bytes=0-0",
      "GET /zip/…/test.zip?format=json",
      "GET /zip/…/test.zip",
    ]);
    const made = secret() ?? "";
    expect(Buffer.from(made, "base64url")).toHaveLength(32);
    expect(terminal.taken()).not.toContain(made);

    // A second deployment updates and keeps the secret.
    const changed = { ...config, logRetentionDays: 90, gcp: { ...own, memory: 2048 } };
    await deploy(changed, once, terminal);
    const updates = changes();
    expect(updates.map(({ action }) => action)).toEqual([
      ...PERMIT,
      "POST logging/v2/projects/my-project/locations/europe-west1/buckets",
      "POST logging/v2/projects/my-project/sinks",
      "PATCH logging/v2/projects/my-project/sinks/_Default",
      ...BUILD,
      `PUT ${NAMESPACE}/ziplink`,
      PUBLISH,
    ]);
    expect(updates[2]?.input).toMatchObject({ retentionDays: 90 });
    const { filter } = logSink;
    expect(updates[3]?.input).toMatchObject({ name: "ziplink", ...logSink });
    expect(updates[4]?.input).toMatchObject({ exclusions: [{ name: "ziplink", filter }] });
    expect(JSON.stringify(updates[7]?.input)).toContain('"memory":"2048Mi"');
    expect(secret()).toBe(made);

    await destroy({ ...config, logRetentionDays: 90 }, { ...once, withSecret: false }, terminal);
    expect(actions()).toEqual([
      `DELETE ${NAMESPACE}/ziplink`,
      "PATCH logging/v2/projects/my-project/sinks/_Default",
      "DELETE logging/v2/projects/my-project/sinks/ziplink",
      "DELETE logging/v2/projects/my-project/locations/europe-west1/buckets/ziplink",
      ...PERMIT,
      `DELETE iam/v1/projects/-/serviceAccounts/${ACCOUNT}`,
    ]);
    expect(stub.secrets.size).toBe(1);
  });

  test.concurrent("continues where it failed when run again", async (context) => {
    const { stub, terminal, actions } = await setUp(context.onTestFinished);
    // The secret is created but its value is not stored. The next run notices.
    stub.fail(/secrets\/ziplink-link-secret:addVersion$/, 403, "Permission denied on the secret");
    terminal.taken();
    const failed = await deploy(config, once, terminal).catch((error: Error) => error.message);
    expect(failed).toContain("Create the secret ziplink-link-secret: failed with exit code 1");
    expect(failed).toContain("$ gcloud secrets create ziplink-link-secret");
    expect(failed).toContain("Permission denied on the secret");
    expect(failed).toContain("to continue from here");
    expect(actions()).toEqual([ENABLE, ...SECRET]);

    // A new account does not take effect at once, which leads to a retry and not to a failure.
    const notYet = `Service account ${ACCOUNT} does not exist.`;
    stub.fail(/PUT storage.*\/iam$/, 400, notYet);
    await deploy(config, once, terminal);
    expect(actions()).toEqual([
      SECRET[1],
      MAKE_ACCOUNT,
      PERMIT[0],
      ...PERMIT,
      ...BUILD,
      `POST ${NAMESPACE}`,
      PUBLISH,
    ]);
    expect(terminal.taken()).toContain("the whole archive: 200");
  });

  // Runs only the steps that the settings above do not produce.
  test.concurrent("the CLI accepts the steps of other settings", async (context) => {
    const { stub, terminal, actions } = await setUp(context.onTestFinished);
    stub.secrets.set("ziplink-link-secret", "x");
    const runner = new Runner(terminal);
    const older = { ...logSink, filter: "another" };
    const words = ["sinks", "create", "ziplink", older.destination, "--log-filter=another"];
    await runner.change({ title: "Make a sink", argv: gcloud(own, "logging", ...words) });
    expect(actions()).toHaveLength(1);
    const logBucket = { description: DESCRIPTION, lifecycleState: "DELETE_REQUESTED" };
    const found = { ...logged, account: undefined, service: undefined, logBucket, logSink: older };
    const steps = [
      ...planDeploy(kept, found, "dist/deploy/gcp").steps,
      ...planDestroy(kept, found, true).steps,
    ];
    const more = /undelete|buckets update|sinks update ziplink|secrets delete/;
    for (const step of steps) if (more.test(step.argv.join(" "))) await runner.change(step);
    const bucket = "logging/v2/projects/my-project/locations/europe-west1/buckets/ziplink";
    expect(actions()).toEqual([
      `POST ${bucket}:undelete`,
      `PATCH ${bucket}`,
      "PATCH logging/v2/projects/my-project/sinks/ziplink",
      "DELETE secretmanager/v1/projects/my-project/secrets/ziplink-link-secret",
    ]);
    expect(await runner.read(reads(kept).logSink)).toEqual(logSink);
  });
});

test.each<[string, object, string | undefined]>([
  ["as it should be", {}, undefined],
  ["with another filter", { filter: "another" }, "update"],
  ["with another destination", { destination: "storage.googleapis.com/another" }, "update"],
  ["without a mark, as once made", { description: "" }, "update"],
])("a log sink %s", (_, change, verb) => {
  const state = { ...logged, logSink: { ...logSink, ...change } };
  const { steps } = planDeploy(kept, state, "dist/deploy/gcp");
  const verbs = steps.flatMap(({ argv: [, , what, done, name] }) =>
    what === "sinks" && name === "ziplink" ? [done] : [],
  );
  expect(verbs).toEqual(verb === undefined ? [] : [verb]);
});

test("a log sink that npm run deploy did not create is neither changed nor destroyed", () => {
  const theirs = { description: "", destination: "storage.googleapis.com/theirs", filter: "" };
  const state = { ...logged, logSink: theirs };
  const message = /The log sink ziplink already exists and was not created by npm run deploy/;
  expect(() => planDeploy(kept, state, "dist/deploy/gcp")).toThrow(message);
  expect(() => planDestroy(kept, state, false)).toThrow(message);
});
