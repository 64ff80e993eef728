import { beforeAll } from "vitest";
import { createFsStateStore } from "../../adapters/fs/state-store.ts";
import { createGcsBucket } from "../../adapters/gcs/source.ts";
import { createGcsStateStore } from "../../adapters/gcs/state-store.ts";
import { createMemoryStateStore } from "../../adapters/memory/state-store.ts";
import { createS3StateStore } from "../../adapters/s3/state-store.ts";
import { describeStateStore } from "../contract/state-store.ts";
import { startFakeGcs } from "../support/fake-gcs.ts";
import { radosgwTools } from "../support/radosgw.ts";
import { type S3Store, startS3Store } from "../support/s3-store.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";
import { describeWithTools } from "../support/tools.ts";

describeStateStore("memory", async () => {
  return { store: createMemoryStateStore(), close: async () => undefined };
});

describeStateStore("fs", async () => {
  const root = await makeFolder();
  return { store: createFsStateStore({ root }), close: () => removeFolder(root) };
});

describeStateStore("gcs", async () => {
  const server = await startFakeGcs();
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
  return { store: createGcsStateStore({ bucket, prefix: "state" }), close: server.close };
});

describeWithTools("state in S3", radosgwTools, () => {
  let s3: S3Store;

  beforeAll(async () => {
    s3 = await startS3Store();
    return s3.stop;
  });

  describeStateStore("s3 (radosgw)", async () => {
    const bucket = await s3.makeBucket();
    const { client } = s3;
    const place = { client, bucket, prefix: "state", unquotedIfMatch: true };
    return { store: createS3StateStore(place), close: async () => undefined };
  });
});
