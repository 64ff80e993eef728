import { expect, onTestFinished, test } from "vitest";
import { combineCrc32c, updateCrc32c } from "../../../adapters/gcs/crc32c.ts";
import { createGcsDestination } from "../../../adapters/gcs/destination.ts";
import { createGcsBucket, createGcsSource } from "../../../adapters/gcs/source.ts";
import { UPLOADS_FOLDER } from "../../../adapters/gcs/upload-objects.ts";
import { describeBlobDestination } from "../../contract/blob-destination.ts";
import { patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { startFakeGcs } from "../../support/fake-gcs.ts";

describeBlobDestination("gcs", async () => {
  const server = await startFakeGcs({ pageSize: 20 });
  const connect = () => createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
  const temporary = () => server.objects.list(`out/${UPLOADS_FOLDER}`);
  const destination = createGcsDestination({ bucket: connect(), prefix: "out" });
  return {
    destination,
    denied: {
      ...destination,
      begin(...args) {
        server.fail({ match: /^POST \/upload/, status: 403 });
        return destination.begin(...args);
      },
    },
    read: async (key) => server.objects.find(`out/${key}`)?.bytes,
    put: async (key, bytes) => void server.objects.put(`out/${key}`, bytes),
    leftovers: async () => temporary().length,
    async lose({ id }) {
      for (const { name } of temporary()) if (name.includes(id)) server.objects.remove(name);
    },
    close: server.close,
  };
});

async function startGcs() {
  const server = await startFakeGcs();
  onTestFinished(server.close);
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
  return { server, bucket, destination: createGcsDestination({ bucket }) };
}

const terms = { mark: "mark", contentType: "application/zip", metadata: { "ziplink-etag": "x" } };

test("an object has the properties given at its start, and the version that a source of the same bucket reports", async () => {
  const { server, bucket, destination } = await startGcs();
  const upload = await destination.begin("a.zip", terms);
  const part = await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
  const made = await destination.complete(upload, [part], {
    size: 5,
    crc32: part.crc32,
    replaces: "nothing",
  });
  expect(server.objects.find("a.zip")).toMatchObject({
    contentType: "application/zip",
    metadata: { "ziplink-delivery": "mark", "ziplink-etag": "x" },
  });
  expect((await createGcsSource({ bucket }).stat("a.zip")).version).toBe(made.version);
});

test("the store refuses a part that arrives damaged", async () => {
  const { server, destination } = await startGcs();
  const upload = await destination.begin("a", terms);
  server.fail({ match: /^POST \/upload/, status: 503 });
  const sending = destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
  expect(await codeOf(sending)).toBe("unavailable");
  await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
  const requests = server.requests.filter((request) => request.startsWith("POST /upload"));
  expect(requests).toHaveLength(3);
});

test("completes even if the answer was lost", async () => {
  const { server, destination } = await startGcs();
  const upload = await destination.begin("a", terms);
  const part = await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
  const right = { size: 5, crc32: part.crc32, replaces: "nothing" } as const;
  const object = await destination.complete(upload, [part], right);
  // The object itself now has the key.
  expect(await destination.complete(upload, [part], right)).toEqual(object);
  expect(server.objects.list("").map(({ name }) => name)).toEqual(["a"]);
});

test("combines the CRC-32C of two parts", () => {
  const bytes = patterned(100_000);
  const of = (some: Uint8Array) => updateCrc32c(0, some) >>> 0;
  for (const at of [0, 1, 4096, 99_999, 100_000]) {
    const [first, second] = [bytes.subarray(0, at), bytes.subarray(at)];
    expect(combineCrc32c(of(first), of(second), second.length)).toBe(of(bytes));
  }
});
