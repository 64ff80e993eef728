import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { signLink } from "../core/links/link.ts";
import { buildBundle } from "../scripts/build/bundle.ts";
import { type BundleTarget, bundleTargets } from "../scripts/deploy/bundle.ts";
import { download } from "../test/support/download.ts";
import { startFakeGcs } from "../test/support/fake-gcs.ts";
import { hasRuntimeClient, startLambda } from "../test/support/lambda/lambda-service.ts";
import { startNode } from "../test/support/service-process.ts";
import { type Report, reportOf, type Values } from "./report.ts";
import { startStore } from "./store.ts";
import { syntheticName } from "./synthetic-source.ts";

const LINK_SECRET = "a secret for the benchmark alone, ok";
const FRAMEWORK = "@google-cloud/functions-framework";

/**
 * The measurements of a round, in milliseconds. Everything is prepared beforehand, so that only the
 * start is timed.
 */
interface Contest {
  /** Length of the bundle's ZIP, in bytes. */
  readonly bundleBytes: number;
  /** From process start to the first byte of a "hello world" in the same framework. */
  hello(): Promise<number>;
  /** The import of the cloud's storage client alone. */
  client(): Promise<number>;
  /** From process start to the first byte of an archive of one small object. */
  ziplink(): Promise<number>;
}

const helloSources = {
  aws:
    "export const handler = awslambda.streamifyResponse(async (event, stream) => {" +
    "const out = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: {} });" +
    'out.write("hello"); out.end();});',
  gcp: `import { http } from "${FRAMEWORK}"; http("ziplink", (request, response) => response.end("hello"));`,
};

const clients = { aws: "@aws-sdk/client-s3", gcp: "@google-cloud/storage" };

/** Times the built bundles on this machine, each with a store of its own cloud's kind. */
export async function* measureColdStarts(runs: number): AsyncGenerator<Report> {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const store = cleanUp.use(
    await startStore({ objects: 1, objectBytes: 1000, firstByteMs: 0, bytesPerSecond: 0 }),
  );
  const gcs = await startFakeGcs();
  cleanUp.defer(() => gcs.close());
  gcs.objects.put(syntheticName(0), Buffer.alloc(1000));
  const settings = {
    aws: {
      SOURCE: "s3://bench",
      S3_ENDPOINT: store.endpoint,
      S3_FORCE_PATH_STYLE: "true",
      AWS_ACCESS_KEY_ID: "bench",
      AWS_SECRET_ACCESS_KEY: "bench",
    },
    gcp: { SOURCE: "gs://bucket", GCS_API_ENDPOINT: gcs.url },
  };
  const rows: Record<string, Values[]> = {};
  for (const target of bundleTargets) {
    if (target === "aws" && !hasRuntimeClient()) {
      console.error(
        "cold-start: aws-lambda-ric is missing from test/lambda; `npm test` installs it",
      );
      continue;
    }
    const contest = await prepare(target, join(folder, target), settings[target]);
    const [hellos, clients, ziplinks]: [Values[], Values[], Values[]] = [[], [], []];
    for (let round = 1; round <= runs; round++) {
      console.error(`cold-start ${round}/${runs} ${target}`);
      const [hello, client, ziplink] = [
        await contest.hello(),
        await contest.client(),
        await contest.ziplink(),
      ];
      hellos.push({ startMs: hello });
      clients.push({ startMs: client });
      ziplinks.push({
        startMs: ziplink,
        startRatio: ziplink / (hello + client),
        bundleMb: contest.bundleBytes / 1e6,
      });
    }
    rows[`${target}: hello world`] = hellos;
    rows[`${target}: storage client alone`] = clients;
    rows[`${target}: ziplink`] = ziplinks;
  }
  yield reportOf("cold-start", "the built bundles, from process start to first byte", rows);
}

async function prepare(
  target: BundleTarget,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<Contest> {
  const bundle = join(folder, "bundle");
  const hello = join(folder, "hello");
  const { bytes } = await buildBundle(target, bundle);
  await mkdir(hello);
  await writeFile(join(hello, target === "aws" ? "index.mjs" : "index.js"), helloSources[target]);
  if (target === "gcp") {
    await lendFramework(bundle);
    await lendFramework(hello);
  }
  const env = { LINK_SECRET, ...settings };
  const start = target === "aws" ? timeLambda : timeFramework;
  return {
    bundleBytes: bytes,
    hello: () => start(hello, env, "/"),
    client: () => timeImport(import.meta.resolve(clients[target])),
    async ziplink() {
      const expires = new Date(Date.now() + 600_000);
      const spec = { entries: [{ key: syntheticName(0) }] };
      const token = await signLink(spec, { secret: LINK_SECRET, expires });
      return start(bundle, env, `/zip/${token}`);
    },
  };
}

const frameworkFolder = fileURLToPath(new URL(`../node_modules/${FRAMEWORK}`, import.meta.url));

/** Links the repository's own framework where an uploaded folder would have it installed. */
async function lendFramework(folder: string): Promise<void> {
  const scope = join(folder, "node_modules", dirname(FRAMEWORK));
  await mkdir(scope, { recursive: true });
  await symlink(frameworkFolder, join(folder, "node_modules", FRAMEWORK));
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ type: "module", main: "index.js" }),
  );
}

async function timeLambda(
  folder: string,
  env: Readonly<Record<string, string>>,
  rawPath: string,
): Promise<number> {
  const service = await startLambda({ folder, env });
  try {
    const started = performance.now();
    const { prelude, body } = await service.invoke({
      version: "2.0",
      rawPath,
      headers: { host: "localhost" },
      requestContext: { http: { method: "GET" } },
    });
    const chunks = body[Symbol.asyncIterator]();
    await chunks.next();
    const elapsed = performance.now() - started;
    if (prelude.statusCode !== 200) throw new Error(`the function answered ${prelude.statusCode}`);
    while (!(await chunks.next()).done);
    return elapsed;
  } finally {
    await service.stop();
  }
}

async function timeFramework(
  folder: string,
  env: Readonly<Record<string, string>>,
  path: string,
): Promise<number> {
  const started = performance.now();
  const confined = fileURLToPath(import.meta.resolve("../test/support/local-listening.ts"));
  const framework = join(frameworkFolder, "build/src/main.js");
  const service = await startNode(["--import", confined, framework, "--target=ziplink"], folder, {
    ...env,
    NODE_ENV: "production",
  });
  try {
    const { status } = await download(`${service.url}${path}`);
    const elapsed = performance.now() - started;
    if (status !== 200) throw new Error(`the function answered ${status}`);
    return elapsed;
  } finally {
    await service.stop();
  }
}

/** Returns how long a module takes to import, in a process that does nothing else. Milliseconds. */
async function timeImport(module: string): Promise<number> {
  const program =
    "const started = performance.now(); await import(process.argv[1]);" +
    "console.log(performance.now() - started);";
  const args = ["--input-type=module", "-e", program, module];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}
