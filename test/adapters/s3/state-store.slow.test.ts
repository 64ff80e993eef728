import { beforeAll } from "vitest";
import { createS3StateStore } from "../../../adapters/s3/state-store.ts";
import { describeStateStore } from "../../contract/state-store.ts";
import { radosgwTools } from "../../support/radosgw.ts";
import { type S3Store, startS3Store } from "../../support/s3-store.ts";
import { describeWithTools } from "../../support/tools.ts";

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
