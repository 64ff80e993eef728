import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildBundle } from "../../../scripts/build/bundle.ts";
import { describeApi } from "../../contract/api.ts";
import { describeEntrypoint } from "../../contract/entrypoint.ts";
import { startNode } from "../../support/service-process.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";

const confined = join(import.meta.dirname, "../../support/local-listening.ts");

let parent: string;
let folder: string;

beforeAll(async () => {
  parent = await makeFolder();
  folder = join(parent, "gcp");
  await buildBundle("gcp", folder);
});
afterAll(() => removeFolder(parent));

test("the uploaded folder holds the bundle and depends on the framework alone", () => {
  expect(readdirSync(folder).sort()).toEqual(["chunks", "index.js", "package.json"]);
  const { main, type, dependencies } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  expect({ main, type }).toEqual({ main: "index.js", type: "module" });
  expect(Object.keys(dependencies)).toEqual(["@google-cloud/functions-framework"]);
});

const name = "gcp (the bundle, under functions-framework)";
const start = (env: Record<string, string>) => {
  installOnce();
  const framework = join(folder, "node_modules/.bin/functions-framework");
  return startNode(["--import", confined, framework, "--target=ziplink"], folder, {
    NODE_ENV: "production",
    ...env,
  });
};
describeEntrypoint(name, start);
describeApi(name, start);

let isInstalled = false;

/** Installs the dependencies, as the cloud's builder does. */
function installOnce(): void {
  if (isInstalled) return;
  execFileSync("npm", ["install", "--omit=dev", "--no-audit", "--no-fund"], { cwd: folder });
  isInstalled = true;
}
