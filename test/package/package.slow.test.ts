import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { optionalPackages } from "../../adapters/optional-packages.ts";
import {
  buildRelease,
  type Consumer,
  describeWithPackageTools,
  installPackage,
  packageTools,
  releaseFolder,
  runIn,
} from "../support/npm-package.ts";
import { startNode } from "../support/service-process.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../support/tools.ts";

const MINUTES = 60_000;
const root = join(import.meta.dirname, "../..");
const { node20, node22, tsc, publint, attw } = packageTools;
const sdks = Object.keys(optionalPackages);

/** The oldest Node that will do, and the one that the repository uses. */
const nodes = [
  ["22.18", node22],
  ["24", process.execPath],
] as const;

describeWithPackageTools("the npm package", () => {
  let tarball: string;
  let consumer: Consumer;

  beforeAll(async () => {
    tarball = await buildRelease();
    consumer = await installPackage(tarball, await makeFolder());
  }, 8 * MINUTES);
  afterAll(() => removeFolder(consumer.folder));

  const installed = (path = "") => join(consumer.folder, "node_modules/@ziplink/ziplink", path);
  const ziplink = () => installed("bin/ziplink.cjs");

  describe("as it is packed", () => {
    test("has modules, their types and what is deployed, and nothing of the development", async () => {
      const entries = await readdir(installed(), { recursive: true, withFileTypes: true });
      const names = entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(installed(), join(entry.parentPath, entry.name)));
      const sources = names.filter((name) => /(?<!\.d)\.ts$/.test(name));
      expect(sources).toEqual(["deploy.config.ts"]);
      for (const name of ["bundles/aws.zip", "bundles/gcp/index.js", "README.md", "LICENSE"]) {
        expect(names).toContain(name);
      }
      expect(names.filter((name) => /^(?:test|bench|scripts\/build)\//.test(name))).toEqual([]);
      for (const name of names) {
        expect(await readFile(installed(name), "latin1"), name).not.toContain(root);
      }
      expect((await stat(tarball)).size).toBeLessThan(2_500_000);
    });

    test("has nothing to find for publint and attw", async () => {
      const lint = await runIn(root, process.execPath, [publint, "run", tarball, "--strict"]);
      expect(lint.stdout).toContain("All good!");
      // There are ES modules only, so nothing is looked at that resolves as CommonJS does.
      await runIn(root, process.execPath, [attw, tarball, "--profile", "esm-only"]);
    });
  });

  describe("a release", () => {
    test("carries the package, Lambda's ZIP and the image's build context", async () => {
      const { version } = JSON.parse(await readFile(installed("package.json"), "utf8"));
      const image = `ziplink-image-${version}.tar.gz`;
      const files = ["aws.zip", image, `ziplink-ziplink-${version}.tgz`];
      expect((await readdir(releaseFolder)).sort()).toEqual(files.sort());
      const { stdout } = await runIn(releaseFolder, "tar", ["-tzf", image]);
      const names = new Set(stdout.split("\n").map((name) => name.replace(/\/.*/, "")));
      const context = (await readFile(join(root, "Dockerfile"), "utf8")).matchAll(
        /^COPY (?!--from)(.+) \S+$/gm,
      );
      const copied = [...context].flatMap(([, sources = ""]) => sources.split(" "));
      expect(copied).toContain("core");
      for (const name of ["Dockerfile", ...copied]) expect(names).toContain(name);
    });

    test("must be that of its tag", async () => {
      const args = ["scripts/build/release.ts", "--tag", "v0.0.0"];
      await expect(runIn(root, process.execPath, args)).rejects.toThrow(
        /The tag v0\.0\.0 is not that of package\.json's version/,
      );
    });

    test("is not packed from the repository's own folder", async () => {
      await expect(runIn(root, "npm", ["pack", "--dry-run"])).rejects.toThrow(
        "Run: npm run build:package && npm pack ./dist/package",
      );
    });
  });

  describe("without any cloud SDK", () => {
    test("is what an installation gives", async () => {
      for (const name of sdks) {
        const path = join(consumer.folder, "node_modules", name);
        await expect(stat(path), name).rejects.toThrow("ENOENT");
      }
    });

    test("compiles in a strict project that checks libraries too", async () => {
      await runIn(consumer.folder, process.execPath, [tsc, "-p", "tsconfig.without-sdks.json"]);
    });

    test.each(nodes)("mints links on Node %s, and loads little for it", async (_version, node) => {
      const { stdout } = await runIn(consumer.folder, node, ["links.mjs"]);
      expect(JSON.parse(stdout)).toEqual({
        spec: { entries: [{ key: "a/1.pdf", name: "Invoice.pdf" }] },
        packages: ["@ziplink/ziplink", "jose", "lru-cache", "zod"],
      });
    });

    test.each([
      ["s3", "@aws-sdk/client-s3"],
      ["gcs", "@google-cloud/storage"],
    ])("names the package that ./%s needs", async (store, sdk) => {
      const script = `await import("@ziplink/ziplink/${store}")`;
      expect(await failure(["--input-type=module", "--eval", script])).toContain(
        `The package ${sdk} is not installed. `,
      );
    });

    test.each([
      ["s3://bucket", {}, "npm install @aws-sdk/client-s3@3"],
      ["gs://bucket", {}, "npm install @google-cloud/storage@8"],
      [
        ".",
        { GOOGLE_AUDIENCE: "https://x", GOOGLE_ALLOWED_EMAILS: "a@b.example" },
        "npm install google-auth-library@11",
      ],
    ])("the command names the package that %s needs with %j", async (source, env, command) => {
      const said = await failure([ziplink(), "serve", source], env);
      expect(said).toMatch(/^The package \S+ is not installed\. /);
      expect(said).toContain(`Run: ${command}`);
      expect(said).not.toMatch(/^\s+at /m);
    });

    /** Node's output on standard error before it fails. */
    async function failure(args: string[], env: Record<string, string> = {}): Promise<string> {
      const failed = await runIn(consumer.folder, process.execPath, args, env).then(
        () => undefined,
        (error: Error) => error.cause,
      );
      expect(failed).toMatchObject({ code: 1 });
      return (failed as { stderr: string }).stderr;
    }
  });

  describe("with the cloud SDKs", () => {
    beforeAll(() => consumer.install(sdks), 8 * MINUTES);

    test("compiles in a strict project that checks libraries too", async () => {
      await runIn(consumer.folder, process.execPath, [tsc]);
    });

    test.each(nodes)("is imported and required on Node %s", async (_version, node) => {
      const imported = await runIn(consumer.folder, node, ["with-sdks.ts"]);
      expect(imported.stdout).toBe("2 sources\n");
      const required = await runIn(consumer.folder, node, ["required.cjs"]);
      expect(required.stdout).toBe("function function function\n");
    });

    test("can be bundled as CommonJS", async () => {
      const outfile = join(await temporaryFolder(), "bundle.cjs");
      await build({
        entryPoints: [join(consumer.folder, "required.cjs")],
        outfile,
        bundle: true,
        platform: "node",
        format: "cjs",
        logLevel: "error",
      });
      const { stdout } = await runIn(consumer.folder, process.execPath, [outfile]);
      expect(stdout).toBe("function function function\n");
    });
  });

  describeWithTools("a download", ["curl", "unzip"], () => {
    test.each(nodes)("comes from a mounted app on Node %s", async (_version, node) => {
      const files = await sampleFolder();
      const app = await startNode(["without-sdks.ts", files], consumer.folder, {}, node);
      onTestFinished(async () => void (await app.stop()));
      const [url] = await app.printed(/http:\S+/);
      await download(`curl -fsS -o x.zip '${url}'`, "x.zip");
    });

    test.each(nodes)("comes from ziplink serve on Node %s", async (_version, node) => {
      const files = await sampleFolder();
      const served = await startNode([ziplink(), "serve", files], consumer.folder, {}, node);
      onTestFinished(async () => void (await served.stop()));
      const [page] = await served.printed(/http:\S+\/d\/\S+/);
      expect(await (await fetch(page)).text()).toContain("b.txt");
      const [, line = ""] = await served.printed(/^ {2}(curl -fO -C - '.*')$/m);
      const cwd = await download(line, "photos.zip");
      const [, url = ""] = /'(.*)'/.exec(line) ?? [];
      const got = await runIn(cwd, node, [ziplink(), "get", url, "-o", "got.zip"]);
      expect(got.stderr).toContain("2 files verified.");
    });

    async function sampleFolder(): Promise<string> {
      const files = join(await temporaryFolder(), "photos");
      await mkdir(files);
      await writeFile(join(files, "a.txt"), "a");
      await writeFile(join(files, "b.txt"), "b".repeat(100_000));
      return files;
    }

    /** Runs a line of shell in a new folder; the archive that it gets there has the sample's files. */
    async function download(line: string, name: string): Promise<string> {
      const cwd = await temporaryFolder();
      await runIn(cwd, "sh", ["-c", line]);
      await runTool({ program: "unzip", args: ["-q", name], cwd });
      expect((await readdir(cwd)).sort()).toEqual(["a.txt", "b.txt", name]);
      expect(await readFile(join(cwd, "b.txt"), "utf8")).toBe("b".repeat(100_000));
      return cwd;
    }
  });

  describe("the command", () => {
    test("mints a link for a service that has the same secret", async () => {
      const env = { LINK_SECRET: "0123456789012345678901234567890123456789" };
      const args = [ziplink(), "link", "--prefix", "a/", "--base-url", "https://files.example"];
      const { stdout } = await runIn(consumer.folder, node22, args, env);
      expect(stdout).toMatch(/^https:\/\/files\.example\/zip\/[\w.-]+\/archive\.zip\n$/);
    });

    test("deploys what the package brings, with the sample of its settings", async () => {
      const deploy = [ziplink(), "deploy", "--dry-run"];
      // Without the clouds' tools, it shows what a first deployment would do.
      const env = { PATH: "/nowhere", SOURCE: "s3://b", GOOGLE_CLOUD_PROJECT: "my-project" };
      const missing = runIn(consumer.folder, process.execPath, deploy, env);
      const message = await missing.then(String, (error: Error) => error.message);
      const [, copy = ""] = /^ {2}(cp .*)$/m.exec(message) ?? [];
      await runIn(consumer.folder, "sh", ["-c", copy]);
      for (const [target, bundle] of [
        ["aws", "fileb://node_modules/@ziplink/ziplink/bundles/aws.zip"],
        ["gcp", "--source=node_modules/@ziplink/ziplink/bundles/gcp"],
      ]) {
        const args = [...deploy, `--target=${target}`];
        const { stdout } = await runIn(consumer.folder, process.execPath, args, env);
        expect(stdout).toContain(bundle);
        expect(stdout).toMatch(/The bundle: \d{3,4} KiB/);
      }
    });

    test("is refused in words by an old Node", async () => {
      const failed = promisify(execFile)(node20, [ziplink(), "serve", "."]);
      await expect(failed).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^Ziplink needs Node 22\.18 or later\. This is Node 20\./),
      });
      const { engines } = JSON.parse(await readFile(installed("package.json"), "utf8"));
      expect(engines).toEqual({ node: ">=22.18" });
    });
  });
});
