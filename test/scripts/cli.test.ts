import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "../support/service-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = join(import.meta.dirname, "../..");
const program = join(root, "scripts/package/cli.ts");
const run = promisify(execFile);

/** Runs `ziplink` as the package does, in an empty folder with only `env`. */
async function ziplink(args: string[], env: Record<string, string> = {}) {
  const options = { cwd: await temporaryFolder(), env: { PATH: process.env.PATH, ...env } };
  return run(process.execPath, [program, ...args], options);
}

/** Returns the output of a failing `ziplink`, which must contain no stack. */
async function failure(args: string[], env: Record<string, string> = {}): Promise<string> {
  const failed = await ziplink(args, env).then(
    ({ stdout }) => ({ code: 0, stderr: stdout }),
    (error: { code: number; stderr: string }) => error,
  );
  expect(failed.code).toBe(1);
  expect(failed.stderr).not.toMatch(/^\s+at /m);
  return failed.stderr;
}

/** The commands that there are: each is a file. */
const commands = readdirSync(join(root, "scripts/commands")).map((name) => parse(name).name);

test.each([[[]], [["--help"]], [["-h"]]])("ziplink %j lists the commands", async (args) => {
  const { stdout } = await ziplink(args);
  for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ziplink ${name} +\\w`, "m"));
});

test.each(commands)("ziplink %s --help explains it", async (name) => {
  expect((await ziplink([name, "--help"])).stdout).toMatch(new RegExp(`^Usage: ziplink ${name} `));
});

test.each(["--version", "-v"])("ziplink %s prints the version", async (flag) => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  expect((await ziplink([flag])).stdout).toBe(`${version}\n`);
});

test.each<[string[], Record<string, string>, RegExp]>([
  [["frob"], {}, /Unknown command "frob"\. The commands are: serve, link, get, /],
  [["toString"], {}, /Unknown command "toString"/],
  [["serve"], {}, /Expected a location to serve\.\n\nUsage: ziplink serve LOCATION/],
  [["serve", "a", "b"], {}, /Expected one location\./],
  [["serve", "nowhere"], {}, /The folder .*nowhere does not exist\./],
  [["serve", ".", "--port", "http"], {}, /PORT must be a whole number/],
  [["serve", "."], { NODE_ENV: "production" }, /LINK_SECRET is not set/],
  [["get"], {}, /Expected one URL, that of a link\.\n\nUsage: ziplink get URL/],
  [
    ["deploy"],
    {},
    /deploy\.config\.ts does not exist\. Copy the sample .*\n\n {2}cp .*deploy\.config\.ts deploy\.config\.ts/,
  ],
  [["deploy", "--config", "mine.ts"], {}, /The settings file mine\.ts does not exist\.$/m],
])("ziplink %j with %j explains what is wrong", async (args, env, message) => {
  expect(await failure(args, env)).toMatch(message);
});

/** Runs `ziplink serve` for a folder with one file. */
async function serve(name: string, args: string[] = [], env: Record<string, string> = {}) {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, name));
  await writeFile(join(cwd, name, "a.txt"), "content");
  const service = await startNode([program, "serve", name, ...args], cwd, env);
  onTestFinished(async () => void (await service.stop()));
  return service;
}

test("ziplink serve prints a page and a line for curl, and ends on a signal", async () => {
  const service = await serve("Fotos & it's");
  const [, output, line = ""] = await service.printed(/^ {2}curl (-f .*) -C - '(.*)'$/m);
  expect(output).toBe("-f -o 'Fotos & it'\\''s.zip'");
  expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/zip\/[\w.-]+\/Fotos%20%26%20it%27s\.zip$/);
  expect((await fetch(line)).status).toBe(200);
  const [page = ""] = await service.printed(/http:\/\/127\.0\.0\.1:\d+\/d\/\S+/);
  const html = await (await fetch(page)).text();
  expect(html).toContain("a.txt");
  expect(html).toContain("Fotos &amp; it&#39;s");
  expect(html).not.toContain("From ");
  expect(service.output()).toContain("LINK_SECRET is not set: generated one for this run.");
  expect(await service.stop()).toBe(0);
});

test("ziplink link knows the address of the service that runs, and its settings", async () => {
  const secret = "0123456789012345678901234567890123456789";
  const home = await temporaryFolder();
  const env = { HOME: home, LINK_SECRET: secret };
  const linkTo = async (more: Record<string, string> = {}) => {
    const { stdout } = await ziplink(["link", "--prefix", ""], { ...env, ...more });
    return stdout.slice(0, stdout.indexOf("/zip/"));
  };
  expect(await linkTo()).toBe("http://127.0.0.1:8080");
  expect(await linkTo({ PORT: "9000" })).toBe("http://127.0.0.1:9000");
  const service = await serve("x", [], env);
  await service.printed(/^Serving /m);
  expect(await linkTo({ PORT: "9000" })).toBe(service.url);
  expect(await linkTo({ PUBLIC_URL: "https://files.example" })).toBe("https://files.example");
  const note = await readFile(join(home, ".cache/ziplink/service.json"), "utf8");
  expect(note).not.toContain(secret);
  await service.stop();
  expect(await linkTo()).toBe("http://127.0.0.1:8080");
  await writeFile(join(home, ".cache/ziplink/service.json"), "{");
  expect(await linkTo()).toBe("http://127.0.0.1:8080");
});

test("ziplink serve prints no link in production", async () => {
  const secret = "0123456789012345678901234567890123456789";
  const service = await serve("x", [], { NODE_ENV: "production", LINK_SECRET: secret });
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  await service.stop();
  expect(service.output()).not.toContain("eyJ");
});

test("ziplink serve says which port is in use", async () => {
  const { url } = await serve("x");
  expect(await failure(["serve", ".", "--port", new URL(url).port])).toMatch(
    /Port \d+ is in use\. Choose another/,
  );
});

test("ziplink serve of a web server, which cannot be listed, says how to create links", async () => {
  const cwd = await temporaryFolder();
  const service = await startNode([program, "serve", "http://127.0.0.1:1/"], cwd, {});
  onTestFinished(async () => void (await service.stop()));
  await service.printed(
    /A web server cannot be listed: create links by key, with ziplink link --key\./,
  );
});
