import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { buildBundle } from "../../../scripts/build/bundle.ts";
import { describeApi } from "../../contract/api.ts";
import { describeEntrypoint } from "../../contract/entrypoint.ts";
import { describeWithRuntimeClient } from "../../support/lambda/describe.ts";
import { startLambda } from "../../support/lambda/lambda-service.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";

/** The suite sends more than Lambda allows, and clients disconnect, which Lambda notices only by waiting. */
const settings = { MAX_RESPONSE_BYTES: "100_000_000_000", CLIENT_STALL_SECONDS: "6" };

let folder: string;

beforeAll(async () => {
  folder = await makeFolder();
  await buildBundle("aws", join(folder, "aws"));
});
afterAll(() => removeFolder(folder));

describeWithRuntimeClient("the bundle for Lambda, under its runtime client", () => {
  const name = "aws (aws-lambda-ric)";
  const start = (env: Record<string, string>) =>
    startLambda({ folder: join(folder, "aws"), env: { ...settings, ...env } });
  describeEntrypoint(name, start, { compresses: false });
  describeApi(name, start);
});
