import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { download } from "../../support/download.ts";
import { type ServiceProcess, startService } from "../../support/service-process.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";

const root = join(import.meta.dirname, "../../..");
const secret = "ein Geheimnis von über 32 Bytes, mit Umlaut";

/** Returns the program in `language` from docs/LINKS.md, verbatim. */
async function snippet(language: string): Promise<string> {
  const guide = await readFile(join(root, "docs/LINKS.md"), "utf8");
  const [, program] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(guide) ?? [];
  if (program === undefined) throw new Error(`docs/LINKS.md has no program in ${language}`);
  return program;
}

let folder: string;
let service: ServiceProcess;

beforeAll(async () => {
  folder = await makeFolder();
  await mkdir(join(folder, "customers/17"), { recursive: true });
  await writeFile(join(folder, "customers/17/a.txt"), "for customer 17");
  service = await startService("functions/node.ts", { SOURCE: folder, LINK_SECRET: secret });
});

afterAll(async () => {
  await service.stop();
  await removeFolder(folder);
});

async function expectLink(token: string): Promise<void> {
  const response = await download(`${service.url}/zip/${token.trim()}`);
  expect(response.status).toBe(200);
  expect(response.headers["content-disposition"]).toBe('attachment; filename="Your documents.zip"');
  expect(response.bytes.includes("for customer 17")).toBe(true);
  const line = await service.nextLine(({ message }) => message === "download_ended");
  expect(line).toMatchObject({ subject: "user-17", outcome: "completed" });
}

describeWithTools("a link made by Python's standard library", ["python3"], () => {
  test("opens", async () => {
    await expectLink(await run("python3", "link.py", await snippet("python")));
  });
});

describeWithTools("a manifest written by Python's standard library", ["python3"], () => {
  test("is the list of a link that opens", async () => {
    const manifests = await temporaryFolder();
    const [source, env] = [{ SOURCE: folder }, { LINK_SECRET: secret }];
    const own = await startService("functions/node.ts", {
      ...source,
      ...env,
      MANIFEST_STORE: manifests,
    });
    onTestFinished(async () => void (await own.stop()));
    for (let n = 0; n < 300; n++) {
      await writeFile(join(folder, `customers/17/${n}.txt`), `letter ${n}`);
    }
    const signing = (await snippet("python")).replace(/^print.*$/m, "");
    const program = signing + (await snippet("python manifest"));
    const token = await run("python3", "manifest.py", program, { MANIFESTS: manifests });
    const response = await download(`${own.url}/zip/${token.trim()}`);
    expect(response.status).toBe(200);
    expect(response.bytes.includes("Letter 299.txt")).toBe(true);
  });
});

describeWithTools("a link made by Ruby's standard library", ["ruby"], () => {
  test("opens", async () => {
    await expectLink(await run("ruby", "link.rb", await snippet("ruby")));
  });
});

/** Runs a program with the secret in its environment, and returns its output. */
async function run(
  program: "python3" | "ruby",
  name: string,
  text: string,
  env: Record<string, string> = {},
): Promise<string> {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, text);
  const { stdout } = await runTool({ program, args: [file], env: { LINK_SECRET: secret, ...env } });
  return stdout;
}

describe("a link made by signLink", () => {
  test("opens", async () => {
    const cwd = await temporaryFolder();
    // The package as it is here, so that the program imports what the guide says.
    const own = join(cwd, "node_modules/@ziplink/ziplink");
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "package.json"), '{"exports":{"./links":"./links.mjs"}}');
    const links = pathToFileURL(join(root, "core/links/index.ts"));
    await writeFile(join(own, "links.mjs"), `export * from "${links}";`);
    await writeFile(join(cwd, "link.ts"), await snippet("ts"));
    await writeFile(join(cwd, "package.json"), '{"type":"module"}');
    const env = { PATH: process.env.PATH, LINK_SECRET: secret };
    const { stdout } = await promisify(execFile)(process.execPath, ["link.ts"], { cwd, env });
    await expectLink(stdout);
  });
});
