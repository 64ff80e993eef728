import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readSecretParameters } from "../functions/aws/secret-parameters.ts";
import { type StubAws, startStubAws } from "./support/deploy/stub-aws.ts";

describe("secrets of a Lambda function", () => {
  let stub: StubAws;

  beforeAll(async () => {
    stub = await startStubAws(() => "");
    vi.stubEnv("AWS_ENDPOINT_URL_SSM", stub.url);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "of no use");
    stub.secrets.set("/ziplink/link", "one secret,\nwith = and newline\n");
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

  test("are left as the environment has them where none are named", async () => {
    const env = { LINK_SECRET: "given" };
    expect(await readSecretParameters(env)).toBe(env);
    expect(stub.calls).toEqual([]);
  });

  test.each([
    ["LINK_SECRET=nowhere", /the parameter for LINK_SECRET is not there/],
    ["nonsense", /must be NAME=parameter/],
  ])("%s stops the start", async (SECRET_PARAMETERS, message) => {
    await expect(readSecretParameters({ SECRET_PARAMETERS })).rejects.toThrow(message);
  });
});
