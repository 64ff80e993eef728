import { describe, expect, onTestFinished, test } from "vitest";
import { createGcsBucket, createGcsSource } from "../../adapters/gcs/source.ts";
import { createHttpSource } from "../../adapters/http/source.ts";
import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3Source } from "../../adapters/s3/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { failureOf } from "../support/error-codes.ts";
import { startStub } from "../support/http-stub.ts";

/** Every source that uses HTTP, with a server at `origin`. */
const sources: Readonly<Record<string, (origin: string) => BlobSource>> = {
  s3(origin) {
    const client = createS3Client({
      region: "us-east-1",
      endpoint: origin,
      forcePathStyle: true,
      credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    });
    onTestFinished(() => client.destroy());
    return createS3Source({ client, bucket: "bucket" });
  },
  gcs: (origin) =>
    createGcsSource({ bucket: createGcsBucket({ bucket: "bucket", apiEndpoint: origin }) }),
  http: (origin) => createHttpSource({ base: origin }),
};

describe.each(Object.entries(sources))("%s", (_, create) => {
  test.each([
    [401, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [408, "timeout"],
    [409, "unavailable"],
    [412, "changed"],
    [416, "changed"],
    [425, "unavailable"],
    [429, "throttled"],
    [500, "unavailable"],
    [502, "unavailable"],
    [504, "timeout"],
  ] as const)("says of status %i what every store says of %s", async (status, code) => {
    const headers = { "retry-after": "7", "content-length": 0 };
    const stub = await startStub((_, response) => response.writeHead(status, headers).end());
    const error = await failureOf(create(stub.origin).stat("private-name"));
    expect(error).toMatchObject({ code, message: storeError(code).message, retryAfterMs: 7000 });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("reports a closed connection as every store does", async () => {
    const stub = await startStub((request) => request.socket.destroy());
    const error = await failureOf(create(stub.origin).stat("private-name"));
    const { code, message } = storeError("unavailable");
    expect(error).toMatchObject({ code, message });
  });
});
