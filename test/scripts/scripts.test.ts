import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { secretKeys } from "../../core/links/jwt-keys.ts";
import { verifyLink } from "../../core/links/link.ts";
import { readConfig } from "../../functions/config/config.ts";
import { ConfigError } from "../../functions/config/environment.ts";
import { defaultProtection } from "../../functions/config/protection-config.ts";
import { patterned } from "../support/bytes.ts";
import { linkSecret as secret } from "../support/secrets.ts";
import { startService } from "../support/service-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { describeWithTools } from "../support/tools.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Runs one of our scripts in its own folder, with only `env`. */
async function runScript(script: string, args: string[], env: Record<string, string> = {}) {
  const options = { cwd: await temporaryFolder(), env: { PATH: process.env.PATH, ...env } };
  return run(process.execPath, [join(root, script), ...args], { ...options, timeout: 30_000 });
}

describe("npm run link", () => {
  const link = async (args: string[], env: Record<string, string> = { LINK_SECRET: secret }) =>
    (await runScript("scripts/ziplink.ts", ["link", ...args], env)).stdout.trim();

  test("prints a link to a prefix", async () => {
    const url = new URL(
      await link(["--prefix", "a/", "--name", "Q 1", "--base-url", "https://files.example/x/"]),
    );
    const [, x, zip, token = "", filename] = url.pathname.split("/");
    expect([url.origin, x, zip, filename]).toEqual([
      "https://files.example",
      "x",
      "zip",
      "Q%201.zip",
    ]);
    const verified = await verifyLink(token, secretKeys(secret));
    expect(verified.spec).toEqual({ prefix: "a/", name: "Q 1" });
    const inAnHour = Date.now() + 3_600_000;
    expect(Math.abs(verified.expires.getTime() - inAnHour)).toBeLessThan(60_000);
  });

  test("prints a link to a page, with its heading and issuer", async () => {
    const url = await link(["--prefix", "", "--page", "--title", "Q 1", "--issuer", "K & S"]);
    const [, token = ""] = /^http:\/\/127\.0\.0\.1:8080\/d\/([\w.-]+)$/.exec(url) ?? [];
    expect(await verifyLink(token, secretKeys(secret))).toMatchObject({
      title: "Q 1",
      issuer: "K & S",
    });
  });

  test("prints a link to a compressed archive that lists missing objects", async () => {
    const url = await link(["--key", "a", "--deflate", "--report-missing"]);
    const verified = await verifyLink(url.split("/")[4] ?? "", secretKeys(secret));
    expect(verified.spec).toEqual({
      compression: "deflate",
      onMissing: "report",
      entries: [{ key: "a" }],
    });
  });

  test("prints a link to keys, with the given lifetime", async () => {
    const url = await link(["--key", "a", "--key", "b c", "--expires", "7d", "--subject", "s"]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:8080\/zip\/[\w.-]+\/archive\.zip$/);
    const verified = await verifyLink(url.split("/")[4] ?? "", secretKeys(secret));
    expect(verified).toMatchObject({
      spec: { entries: [{ key: "a" }, { key: "b c" }] },
      subject: "s",
    });
    expect(verified.expires.getTime()).toBeGreaterThan(Date.now() + 6.9 * 86_400_000);
  });

  test("reads LINK_SECRET from .env", async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, ".env"), `LINK_SECRET='${secret}'\n`);
    const { stdout } = await run(
      process.execPath,
      [join(root, "scripts/ziplink.ts"), "link", "--prefix", ""],
      {
        cwd,
        env: { PATH: process.env.PATH },
      },
    );
    await verifyLink(stdout.split("/")[4] ?? "", secretKeys(secret));
  });

  test.each<[string[], Record<string, string>, RegExp]>([
    [["--prefix", "a"], {}, /LINK_SECRET is not set/],
    [["--prefix", "a"], { LINK_SECRET: "short-secret" }, /LINK_SECRET must have at least 32 bytes/],
    [[], { LINK_SECRET: secret }, /Expected either --prefix or --key/],
    [["--prefix", "a", "--key", "b"], { LINK_SECRET: secret }, /Expected either --prefix or --key/],
    [["--prefix", "a", "--expires", "soon"], { LINK_SECRET: secret }, /--expires must be a number/],
    [["--prefix", "a", "--expires", "0s"], { LINK_SECRET: secret }, /--expires must be a number/],
    [["--prefix", "a", "--base-url", "x"], { LINK_SECRET: secret }, /--base-url must be/],
    [["--prefix", "a", "--frob"], { LINK_SECRET: secret }, /Unknown option '--frob'/],
    [["--key", ""], { LINK_SECRET: secret }, /zip\.entries\.0\.key/],
  ])("explains %j with %j", async (args, env, message) => {
    const failed = await link(args, env).then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed?.code).toBe(1);
    expect(failed?.stderr).toMatch(message);
    expect(failed?.stderr).not.toMatch(/^\s+at /m);
    expect(failed?.stderr).not.toContain("short-secret");
  });
});

describe("settings", () => {
  const other = "another secret of thirty-two byte";
  /** Returns a set of one key: that of the secret, with `change` applied. */
  const jwks = (change: object) =>
    JSON.stringify({
      keys: [{ kty: "oct", k: Buffer.from(secret).toString("base64url"), ...change }],
    });
  const { publicKey } = generateKeyPairSync("ed25519");
  const publicKeys = JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] });
  const good = { SOURCE: "file:///srv/files", LINK_SECRET: secret };

  test("have defaults", () => {
    expect(readConfig({ ...good, PORT: "" })).toEqual({
      source: { kind: "folder", path: "/srv/files" },
      linkKeys: secretKeys(secret),
      manifestStore: undefined,
      maxLinkLength: 1_800,
      auth: undefined,
      publicUrl: undefined,
      maxBodyBytes: 5_000_000,
      maxLinkSeconds: 604_800,
      host: undefined,
      port: 8080,
      http2: false,
      keepAliveSeconds: 65,
      drainSeconds: 10,
      unreadableFiles: "fail",
      maxEntries: 10_000,
      maxBytes: 1_000_000_000_000,
      smallEntryBytes: 1_048_576,
      responseLimits: { maxResponseBytes: Infinity, maxFixedLength: Infinity },
      page: {
        languages: ["en", "de", "fr", "es", "it", "nl", "pt-BR", "pl", "ja", "zh-CN", "ar"],
      },
      planCacheSeconds: 10,
      clientStallSeconds: 30,
      crcStore: undefined,
      deliveries: undefined,
      s3: { forcePathStyle: false, partCheck: "crc32", equalParts: false },
      gcs: {},
      cacheControl: "private, no-store",
      corsOrigins: [],
      protection: defaultProtection,
      observability: { metricsToken: undefined, traceProject: undefined },
      logLevel: "info",
    });
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ DELIVERY_DESTINATIONS: "/srv/out" }, /DELIVERY_DESTINATIONS needs DELIVERY_STORE/],
    [{ DELIVERY_STORE: "/srv/state" }, /DELIVERY_STORE needs DELIVERY_DESTINATIONS/],
    [
      { DELIVERY_STORE: "/srv/state", DELIVERY_DESTINATIONS: "https://host/x" },
      /DELIVERY_DESTINATIONS must be s3:/,
    ],
    [
      { DELIVERY_STORE: "/s", DELIVERY_DESTINATIONS: "/o", NOTIFY_HOSTS: "example.com" },
      /NOTIFY_HOSTS needs NOTIFY_SECRET/,
    ],
    [{ URL_HOSTS: "example.com/path" }, /URL_HOSTS must be host names/],
    [{ SOURCE: "" }, /SOURCE is not set/],
    [{ LINK_SECRET: "" }, /LINK_SECRET is not set/],
    [{ LINK_SECRET: "tooshort" }, /LINK_SECRET must have at least 32 bytes/],
    [{ SOURCE: "ftp://host/x" }, /SOURCE must be a path, or one of file:\/\/\//],
    [{ SOURCE: "s3://" }, /SOURCE must be a path/],
    [{ SOURCE: "s3://My Bucket/x" }, /SOURCE must name a bucket: letters, digits/],
    [{ SOURCE: "s3://.bucket" }, /SOURCE must name a bucket/],
    [{ SOURCE: "s3://localhost:9000/bucket" }, /SOURCE .* address of the store belongs in S3_ENDP/],
    [{ SOURCE: "gs://Bucket" }, /SOURCE must name a bucket: a-z, 0-9/],
    [{ SOURCE: "gs://-b" }, /SOURCE must name a bucket: a-z, 0-9/],
    [
      { SOURCE: "s3://arn:aws:s3:eu-central-1:123456789012:accesspoint/point/exports" },
      /SOURCE must name an access point by its alias, not its ARN: s3:\/\//,
    ],
    [
      { CRC_STORE: "s3://arn:aws:s3:eu-central-1:123456789012:accesspoint:point" },
      /CRC_STORE must name an access point by its alias/,
    ],
    [{ MANIFEST_STORE: "s3://my bucket" }, /MANIFEST_STORE must name a bucket/],
    [
      { SOURCE: "https://user:hush-hush@files.example/" },
      /SOURCE must be a URL without user, password, query and fragment/,
    ],
    [{ SOURCE: "https://files.example/?x=1" }, /SOURCE must be a URL without user/],
    [{ SOURCE: "file://data/files" }, /SOURCE must be a path, or one of file:\/\/\/path/],
    [{ S3_ENDPOINT: "localhost" }, /S3_ENDPOINT/],
    [
      { LINK_JWKS: jwks({ k: "c2VjcmV0" }) },
      /LINK_JWKS must be a JSON Web Key Set: keys\.0\.k: must have at/,
    ],
    [{ LINK_JWKS: jwks({}) }, /LINK_SECRET and LINK_JWKS: set only one of them/],
    [
      { LINK_SECRET: "", LINK_JWKS: "{" },
      /LINK_JWKS must be a JSON Web Key Set: keys: is not JSON/,
    ],
    [
      { LINK_SECRET: "", LINK_JWKS: jwks({}), CRC_STORE: "/c" },
      /CRC_STORE with LINK_JWKS needs CRC_STORE_SECRET/,
    ],
    [
      { LINK_SECRET: "", LINK_JWKS: publicKeys, API_SECRET: other },
      /LINK_JWKS needs a key that can sign/,
    ],
    [{ CRC_STORE: "/srv/files" }, /CRC_STORE must not lie within SOURCE/],
    [
      { DELIVERY_STORE: "/srv/files/d", DELIVERY_DESTINATIONS: "/d" },
      /DELIVERY_STORE must not lie within SOURCE/,
    ],
    [{ MANIFEST_STORE: "/srv/files/a/../b" }, /MANIFEST_STORE must not lie within SOURCE/],
    [{ SOURCE: "/", CRC_STORE: "/c" }, /CRC_STORE must not lie within SOURCE/],
    [
      { SOURCE: "s3://bucket", MANIFEST_STORE: "s3://bucket/manifests" },
      /MANIFEST_STORE must not lie within/,
    ],
    [
      { SOURCE: "gs://bucket/a/", CRC_STORE: "gs://bucket/a/c" },
      /CRC_STORE must not lie within SOURCE/,
    ],
    [{ API_SECRET: secret }, /API_SECRET or API_JWKS shares a key with LINK_SECRET/],
    [{ API_JWKS: jwks({}) }, /API_SECRET or API_JWKS shares a key with LINK_SECRET/],
    [{ API_SECRET: "tooshort" }, /API_SECRET must have at least 32 bytes/],
    [{ API_SECRET: other, API_AUTH: "platform" }, /set only one of them/],
    [{ API_AUTH: "none" }, /API_AUTH/],
    [{ GOOGLE_AUDIENCE: "https://x" }, /GOOGLE_AUDIENCE needs GOOGLE_ALLOWED_EMAILS/],
    [{ GOOGLE_ALLOWED_EMAILS: "a@b.c" }, /GOOGLE_ALLOWED_EMAILS needs GOOGLE_AUDIENCE/],
    [{ PUBLIC_URL: "files.example" }, /PUBLIC_URL/],
    [{ PORT: "http" }, /PORT must be a whole number/],
    [{ PORT: "70000" }, /PORT/],
    [{ MAX_ENTRIES: "0" }, /MAX_ENTRIES/],
    [{ MAX_BYTES: "1e9" }, /MAX_BYTES must be a whole number/],
    [{ LOG_LEVEL: "loud" }, /LOG_LEVEL/],
  ])("refuse %j", (change, message) => {
    expect(() => readConfig({ ...good, ...change })).toThrow(ConfigError);
    expect(() => readConfig({ ...good, ...change })).toThrow(message);
    expect(() => readConfig({ ...good, ...change })).not.toThrow(/hush-hush/);
  });

  test.each([
    ["/srv/files", "/srv/files2"],
    ["/srv/files/a", "/srv/files"],
    ["s3://bucket/a", "s3://bucket/ab"],
    ["s3://bucket/a/c", "s3://bucket/a"],
    ["s3://bucket", "s3://bucket2"],
    ["s3://bucket", "gs://bucket/c"],
    ["https://host/srv/", "/srv/files"],
  ])("allow for the source %s the store %s", (SOURCE, store) => {
    readConfig({ ...good, SOURCE, CRC_STORE: store, MANIFEST_STORE: store });
  });

  test("refuse a store that leads into the source by a symbolic link", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "served"));
    await symlink(join(folder, "served"), join(folder, "link"));
    const change = { SOURCE: join(folder, "served"), CRC_STORE: join(folder, "link/later/on") };
    expect(() => readConfig({ ...good, ...change })).toThrow(
      /CRC_STORE must not lie within SOURCE/,
    );
    readConfig({ ...good, ...change, CRC_STORE: join(folder, "beside") });
  });

  test("for checksums use the link secret, or a separate one", () => {
    const location = { kind: "folder", path: "/c" };
    const of = (env: Record<string, string>) => readConfig({ ...good, CRC_STORE: "/c", ...env });
    expect(of({}).crcStore).toEqual({ location, secret });
    expect(of({ CRC_STORE_SECRET: other }).crcStore).toEqual({ location, secret: other });
    const keys = { LINK_SECRET: "", LINK_JWKS: jwks({}), CRC_STORE_SECRET: other };
    expect(of(keys).crcStore).toEqual({ location, secret: other });
  });

  test("never appear in an error", () => {
    const change = { LINK_SECRET: "", LINK_JWKS: `{"keys":[{"kty":"oct","k":"short-secret"}]}` };
    expect(() => readConfig({ ...good, ...change })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("short-secret") }),
    );
  });
});

test.each([
  ["s3://bucket", { kind: "s3", bucket: "bucket", prefix: "" }],
  ["s3://bucket/a b/%41?#/", { kind: "s3", bucket: "bucket", prefix: "a b/%41?#/" }],
  ["s3://My_old.Bucket", { kind: "s3", bucket: "My_old.Bucket", prefix: "" }],
  ["s3://my-point-s3alias/exports", { kind: "s3", bucket: "my-point-s3alias", prefix: "exports" }],
  ["gs://bucket/exports/", { kind: "gcs", bucket: "bucket", prefix: "exports/" }],
  ["gs://b", { kind: "gcs", bucket: "b", prefix: "" }],
  ["https://host/base/", { kind: "http", base: "https://host/base/" }],
  ["/srv/a b", { kind: "folder", path: "/srv/a b" }],
  ["file:///srv/a%20b", { kind: "folder", path: "/srv/a b" }],
  ["~/photos", { kind: "folder", path: join(homedir(), "photos") }],
  ["~", { kind: "folder", path: homedir() }],
  ["./~", { kind: "folder", path: join(process.cwd(), "~") }],
])("SOURCE may be %s", (value, location) => {
  expect(readConfig({ SOURCE: value, LINK_SECRET: secret }).source).toEqual(location);
});

describe("start-up errors", () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ["functions/node.ts", { SOURCE: "/" }, /LINK_SECRET is not set/],
    ["functions/node.ts", { SOURCE: "/", LINK_SECRET: "short" }, /at least 32 bytes/],
    [
      "functions/node.ts",
      { SOURCE: "/nowhere", LINK_SECRET: secret },
      /SOURCE: the folder does not exist/,
    ],
    [
      "functions/node.ts",
      { SOURCE: "s3://bucket", LINK_SECRET: secret, HOME: "/nonexistent" },
      /AWS_REGION is not set; set it to the region of the bucket, for example eu-central-1/,
    ],
    [
      "functions/node.ts",
      {
        SOURCE: "/",
        CRC_STORE: "s3://bucket",
        S3_ENDPOINT: "http://127.0.0.1:1",
        LINK_SECRET: secret,
        HOME: "/nonexistent",
      },
      /AWS_REGION is not set; set it to the region of the store at S3_ENDPOINT/,
    ],
    [
      "functions/node.ts",
      { SOURCE: "s3://bucket", LINK_SECRET: secret, AWS_REGION: "eu central" },
      /AWS_REGION is not a region/,
    ],
    ...["functions/node.ts", "scripts/serve.ts", "scripts/start.ts"].map(
      (program): [string, Record<string, string>, RegExp] => [
        program,
        { SOURCE: import.meta.filename, LINK_SECRET: secret },
        /is a file[.;] name the folder that it is in/i,
      ],
    ),
    [
      "scripts/serve.ts",
      { SOURCE: "/nowhere", LINK_SECRET: secret },
      /The folder \/nowhere does not exist\. Create it, or name another one\./,
    ],
    [
      "scripts/start.ts",
      { SOURCE: "s3://bucket", HOME: "/nonexistent" },
      /AWS_REGION is not set; set it to the region of the bucket/,
    ],
    ["scripts/start.ts", { NODE_ENV: "production" }, /LINK_SECRET is not set/],
    ["scripts/start.ts", { LINK_SECRET: "short" }, /at least 32 bytes/],
  ])("%s with %j", async (program, env, message) => {
    await expect(startService(program, env)).rejects.toThrow(message);
  });
});

test("npm run serve warns of a source that it cannot list, and serves", async () => {
  const service = await startService("scripts/serve.ts", {
    SOURCE: "s3://my-bucket",
    S3_ENDPOINT: "http://127.0.0.1:1",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
    LINK_SECRET: secret,
  });
  expect(service.output()).toMatch(/Warning: s3:\/\/my-bucket\/: The store cannot be reached now/);
  await service.stop();
});

test("the plain server ends by itself on a signal", async () => {
  const service = await startService("functions/node.ts", { SOURCE: root, LINK_SECRET: secret });
  expect(await service.stop()).toBe(0);
});

describeWithTools("npm start", ["curl", "unzip"], () => {
  test("prints a curl line that downloads the sample, which unzips to the sample", async () => {
    const service = await startService("scripts/start.ts", {});
    try {
      const [, line = ""] = await service.printed(/^ {2}(curl -fO -C - '.*')$/m);
      const [page = ""] = await service.printed(/http:\/\/127\.0\.0\.1:\d+\/d\/\S+/);
      expect(await (await fetch(page)).text()).toContain("Pflanzenliste.json");
      expect(service.output()).toContain("LINK_SECRET is not set: generated one for this run.");
      const cwd = await temporaryFolder();
      await run("sh", ["-c", line], { cwd });
      expect(await readdir(cwd)).toEqual(["ziplink-sample.zip"]);
      const env = { PATH: process.env.PATH, LC_ALL: "C.UTF-8" };
      await run("unzip", ["-t", "ziplink-sample.zip"], { cwd, env });
      await mkdir(join(cwd, "out"));
      await run("unzip", ["-q", "ziplink-sample.zip", "-d", "out"], { cwd, env });
      await expectSameTree(join(root, "examples/sample-files"), join(cwd, "out"));
    } finally {
      await service.stop();
    }
  });
});

describeWithTools("npm start with a folder of one's own", ["curl"], () => {
  test("calls the page and the ZIP as the folder, and prints a line that resumes", async () => {
    const folder = join(await temporaryFolder(), "photos");
    await mkdir(folder);
    await writeFile(join(folder, "a.bin"), patterned(300_000));
    const service = await startService("scripts/start.ts", { SOURCE: folder });
    try {
      const [, line = ""] = await service.printed(/^ {2}(curl -fO -C - '.*\/photos\.zip')$/m);
      const [page = ""] = await service.printed(/http:\/\/127\.0\.0\.1:\d+\/d\/\S+/);
      const html = await (await fetch(page)).text();
      expect(html).toContain("<h1><bdi>photos</bdi></h1>");
      expect(html).not.toContain("npm start");
      const cwd = await temporaryFolder();
      await run("sh", ["-c", line], { cwd });
      const zip = join(cwd, "photos.zip");
      const whole = await readFile(zip);
      await truncate(zip, 100_000);
      await run("sh", ["-c", line], { cwd });
      expect((await readFile(zip)).equals(whole)).toBe(true);
    } finally {
      await service.stop();
    }
  });
});

/** Expects the same files, with the same bytes and the same modification times to the second. */
async function expectSameTree(expected: string, actual: string): Promise<void> {
  const list = async (folder: string) =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
      .sort();
  const names = await list(expected);
  expect(names.length).toBeGreaterThan(10);
  expect(await list(actual)).toEqual(names);
  for (const name of names) {
    const [one, two] = await Promise.all([readFile(expected + name), readFile(actual + name)]);
    expect(two.equals(one), name).toBe(true);
    const [before, after] = await Promise.all([stat(expected + name), stat(actual + name)]);
    expect(Math.floor(after.mtimeMs / 1000), name).toBe(Math.floor(before.mtimeMs / 1000));
  }
}
