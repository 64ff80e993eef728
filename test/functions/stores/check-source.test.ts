import { mkdir, symlink, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { readConfig } from "../../../functions/config/config.ts";
import { checkSource } from "../../../functions/stores/check-source.ts";
import { startStub } from "../../support/http-stub.ts";
import { linkSecret } from "../../support/secrets.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const check = (env: Record<string, string>) =>
  checkSource(readConfig({ LINK_SECRET: linkSecret, ...env }));

describe("a folder", () => {
  test("with files is in order", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "a"));
    await writeFile(join(root, "a/b.txt"), "b");
    expect(await check({ SOURCE: root })).toBeUndefined();
  });

  test("that is empty, a file, or not there", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "empty"));
    await writeFile(join(root, "file"), "");
    expect(await check({ SOURCE: join(root, "empty") })).toEqual({
      kind: "empty",
      message: `${root}/empty: There are no files here yet.`,
    });
    expect(await check({ SOURCE: join(root, "file") })).toEqual({
      kind: "unusable",
      message: `${root}/file is a file. Name the folder that it is in.`,
    });
    expect(await check({ SOURCE: join(root, "file/below") })).toEqual({
      kind: "unusable",
      message: `The folder ${root}/file/below cannot be read (ENOTDIR). Let this user read it, and what is in it.`,
    });
    expect(await check({ SOURCE: join(root, "none") })).toEqual({
      kind: "unusable",
      message: `The folder ${root}/none does not exist. Create it, or name another one.`,
    });
  });

  test("with a link that leads out, which archives may leave out", async () => {
    const root = await temporaryFolder();
    await writeFile(join(root, "a"), "a");
    await mkdir(join(root, "b"));
    await symlink("/etc/hostname", join(root, "b/out"));
    const failing = await check({ SOURCE: root });
    expect(failing).toEqual({
      kind: "unlistable",
      message: `${root}: A symbolic link leads out of the served folder (b/out). Remove it, or serve a folder that has its target. Or let archives leave it out: UNREADABLE_FILES=report.`,
    });
    const reporting = await check({ SOURCE: root, UNREADABLE_FILES: "report" });
    expect(reporting).toMatchObject({
      kind: "incomplete",
      message: expect.stringMatching(/\(b\/out\)\. .* Archives leave it out, and list it\.$/),
    });
  });

  test("with more files than an archive may have", async () => {
    const root = await temporaryFolder();
    for (const name of ["a", "b", "c"]) await writeFile(join(root, name), name);
    expect(await check({ SOURCE: root, MAX_ENTRIES: "3" })).toBeUndefined();
    expect(await check({ SOURCE: root, MAX_ENTRIES: "2" })).toEqual({
      kind: "unlistable",
      message: `${root}: There are more than 2 files here, the most of one archive (MAX_ENTRIES). Link to folders in it by their prefix.`,
    });
  });
});

describe("a bucket of S3", () => {
  beforeEach(() => {
    vi.stubEnv("AWS_REGION", "us-east-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("HOME", "/nonexistent");
    return () => vi.unstubAllEnvs();
  });

  async function checkAt(answer: RequestListener) {
    const stub = await startStub(answer);
    const problem = await check({
      SOURCE: "s3://my-bucket/exports",
      S3_ENDPOINT: stub.origin,
      S3_FORCE_PATH_STYLE: "true",
    });
    return { problem, requests: stub.requests.length };
  }

  const refuse =
    (status: number, code: string, headers: Record<string, string> = {}): RequestListener =>
    (_, response) =>
      response
        .writeHead(status, { "content-type": "application/xml", ...headers })
        .end(`<Error><Code>${code}</Code><Message>m</Message></Error>`);

  const page =
    (contents: string, isTruncated: boolean): RequestListener =>
    (_, response) =>
      response
        .writeHead(200, { "content-type": "application/xml" })
        .end(
          `<ListBucketResult><Name>my-bucket</Name><IsTruncated>${isTruncated}</IsTruncated>` +
            `<NextContinuationToken>t</NextContinuationToken>${contents}</ListBucketResult>`,
        );

  const object =
    '<Contents><Key>exports/a</Key><ETag>"e"</ETag><Size>1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>';

  test("with objects is in order after a single request", async () => {
    expect(await checkAt(page(object, true))).toEqual({ problem: undefined, requests: 1 });
  });

  test("without objects", async () => {
    const { problem } = await checkAt(page("", false));
    expect(problem).toEqual({
      kind: "empty",
      message: "s3://my-bucket/exports: There are no files here yet.",
    });
  });

  test.each<[string, RequestListener, string, RegExp]>([
    [
      "that is not there",
      refuse(404, "NoSuchBucket"),
      "unusable",
      /^s3:\/\/my-bucket\/exports: There is no such bucket \(NoSuchBucket\)\. Check its name, then AWS_REGION and S3_ENDPOINT\.$/,
    ],
    [
      "that may not be listed",
      refuse(403, "AccessDenied"),
      "unlistable",
      /refuses to list it \(AccessDenied\)\. Allow the credentials s3:ListBucket on the bucket/,
    ],
    [
      "with a wrong key",
      refuse(403, "InvalidAccessKeyId"),
      "unusable",
      /does not accept the credentials \(InvalidAccessKeyId\)\. Check AWS_ACCESS_KEY_ID/,
    ],
    [
      "in another region",
      refuse(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" }),
      "unusable",
      /in another region \(PermanentRedirect\)\. Set AWS_REGION to eu-west-1\.$/,
    ],
    [
      "of a store in another region that does not say which",
      refuse(400, "AuthorizationHeaderMalformed"),
      "unusable",
      /Set AWS_REGION to the region of the bucket\.$/,
    ],
    [
      "of a server that is no store",
      (_, response) => response.end("<html><body>hello</body></html>"),
      "unlistable",
      /This is not the answer of an S3 store\. Check AWS_REGION and S3_ENDPOINT\.$/,
    ],
    [
      "of a store that is down",
      (request) => request.socket.destroy(),
      "unlistable",
      /cannot be reached now \(.*\)\. Check the network, then AWS_REGION and S3_ENDPOINT\./,
    ],
  ])("%s", async (_, answer, kind, message) => {
    const { problem } = await checkAt(answer);
    expect(problem).toMatchObject({ kind, message: expect.stringMatching(message) });
  });

  test("without credentials", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    const { problem, requests } = await checkAt((_, response) => response.end());
    expect(problem).toEqual({
      kind: "unusable",
      message:
        "s3://my-bucket/exports: No credentials were found (CredentialsProviderError). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role that may read the bucket.",
    });
    expect(requests).toBe(0);
  });

  test("without a region", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    await expect(check({ SOURCE: "s3://my-bucket" })).rejects.toThrow(
      "AWS_REGION is not set; set it to the region of the bucket, for example eu-central-1",
    );
  });
});

describe("a bucket of Cloud Storage", () => {
  test.each<[number, object, string, RegExp]>([
    [404, {}, "unusable", /^gs:\/\/my-bucket\/: There is no such bucket .*\. Check its name\.$/],
    [403, {}, "unlistable", /refuses to list it .*\. Give .* roles\/storage\.objectViewer/],
    [401, {}, "unusable", /does not accept the credentials .*GOOGLE_APPLICATION_CREDENTIALS/],
    [200, {}, "empty", /There are no files here yet\.$/],
  ])("that answers %i", async (status, body, kind, message) => {
    const stub = await startStub((_, response) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    );
    const problem = await check({ SOURCE: "gs://my-bucket", GCS_API_ENDPOINT: stub.origin });
    expect(problem).toMatchObject({ kind, message: expect.stringMatching(message) });
  });
});

describe("a web server", () => {
  test.each([200, 403, 404])("that answers %i is in order", async (status) => {
    const stub = await startStub((_, response) => response.writeHead(status).end());
    expect(await check({ SOURCE: `${stub.origin}/` })).toBeUndefined();
  });

  test("that does not answer", async () => {
    const problem = await check({ SOURCE: "http://127.0.0.1:1/base/" });
    expect(problem?.message).toMatch(
      /^http:\/\/127\.0\.0\.1:1\/base\/: The store cannot be reached now/,
    );
  });
});
