import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readSecretParameters } from "../../../functions/aws/secret-parameters.ts";
import { buildBundle } from "../../../scripts/build/bundle.ts";
import { type StubAws, startStubAws } from "../../support/deploy/stub-aws.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Options that a deployment sets; see scripts/deploy/config.ts. */
const NODE_OPTIONS = "--max-semi-space-size=4";

describe("secrets of a Lambda function", () => {
  let stub: StubAws;

  beforeAll(async () => {
    stub = await startStubAws(() => "");
    vi.stubEnv("AWS_ENDPOINT_URL_SSM", stub.url);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "of no use");
    stub.secrets.set("/ziplink/link", "one secret,\nwith = and newline\n");
    stub.secrets.set("/ziplink/long", "a secret of thirty-two bytes, ok");
    stub.secrets.set("api", "another");
  });

  afterEach(() => void stub.calls.splice(0));
  afterAll(async () => {
    vi.unstubAllEnvs();
    await stub.close();
  });

  test("are read from Parameter Store, all in one call", async () => {
    const env = {
      OTHER: "x",
      SECRET_PARAMETERS: "LINK_SECRET=/ziplink/link, API_SECRET=/aws/reference/secretsmanager/api",
    };
    expect(await readSecretParameters(env)).toEqual({
      ...env,
      LINK_SECRET: "one secret,\nwith = and newline\n",
      API_SECRET: "another",
    });
    expect(stub.calls).toEqual([
      {
        action: "ssm GetParameters",
        input: {
          Names: ["/ziplink/link", "/aws/reference/secretsmanager/api"],
          WithDecryption: true,
        },
      },
    ]);
  });

  test("are those of the environment if no parameters are named", async () => {
    const env = { LINK_SECRET: "given" };
    expect(await readSecretParameters(env)).toBe(env);
    expect(stub.calls).toEqual([]);
  });

  test("are read by the deployed bundle, with its options", async () => {
    const folder = await temporaryFolder();
    const { dir } = await buildBundle("aws", join(folder, "aws"));
    // Lambda's runtime provides this object.
    const start = "globalThis.awslambda = { streamifyResponse: (handler) => handler };";
    const load = `${start} await import(${JSON.stringify(join(dir, "index.mjs"))});`;
    const started = async (SECRET_PARAMETERS: string) => {
      const env = { ...process.env, NODE_OPTIONS, SOURCE: "s3://bucket", SECRET_PARAMETERS };
      const child = spawn(process.execPath, ["--input-type=module", "-e", load], { env });
      const [[code], said] = await Promise.all([once(child, "close"), text(child.stderr)]);
      return { code, said };
    };
    expect(await started("LINK_SECRET=/ziplink/long")).toEqual({ code: 0, said: "" });
    expect(stub.calls.map(({ action }) => action)).toEqual(["ssm GetParameters"]);
    const short = await started("LINK_SECRET=api");
    expect(short).toMatchObject({ code: 1, said: expect.stringContaining("at least 32 bytes") });
    expect(short.said).not.toContain("another");
  });

  test.each([
    ["LINK_SECRET=nowhere", /the parameter for LINK_SECRET does not exist/],
    ["nonsense", /must be NAME=parameter/],
  ])("%s prevents the start", async (SECRET_PARAMETERS, message) => {
    await expect(readSecretParameters({ SECRET_PARAMETERS })).rejects.toThrow(message);
  });
});
