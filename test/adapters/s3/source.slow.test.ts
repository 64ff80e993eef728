import {
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createS3Client } from "../../../adapters/s3/client.ts";
import { createS3ObjectStore } from "../../../adapters/s3/object-store.ts";
import { createS3Source } from "../../../adapters/s3/source.ts";
import { describeBlobSource } from "../../contract/blob-source.ts";
import { describeObjectStore } from "../../contract/object-store.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf, failureOf } from "../../support/error-codes.ts";
import { radosgwTools } from "../../support/radosgw.ts";
import { busyConnections, region, type S3Store, startS3Store } from "../../support/s3-store.ts";
import { keysOf, listed, read } from "../../support/source-contents.ts";
import { describeWithTools } from "../../support/tools.ts";

describeWithTools("S3 (radosgw)", radosgwTools, () => {
  let s3: S3Store;

  beforeAll(async () => {
    s3 = await startS3Store();
    return s3.stop;
  });

  async function makeVersionedBucket(): Promise<string> {
    const bucket = await s3.makeBucket();
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await s3.client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }),
    );
    return bucket;
  }

  describeBlobSource("s3 (radosgw)", async () => {
    const bucket = await s3.makeBucket();
    const reader = s3.connect(s3.url);
    const source = createS3Source({ client: reader, bucket });
    const wanted = new Map<string, Date>();
    return {
      source: {
        ...source,
        // Only S3 decides when an object was modified. If the adapter and S3 agree, return the time
        // that the suite expects; a wrong time from the adapter stays and fails.
        async stat(key, signal) {
          const info = await source.stat(key, signal);
          const head = await s3.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
          const isTold = info.modified.getTime() === head.LastModified?.getTime();
          return { ...info, modified: (isTold && wanted.get(key)) || info.modified };
        },
      },
      async put(key, bytes, modified) {
        wanted.set(key, modified);
        await s3.put(bucket, key, bytes);
      },
      async remove(key) {
        await s3.remove(bucket, key);
      },
      held: () => busyConnections(reader),
      close: async () => reader.destroy(),
    };
  });

  test("reports the connections that it holds", async () => {
    const bucket = await s3.makeBucket();
    await s3.put(bucket, "large", patterned(8_000_000));
    const reader = s3.connect(s3.url);
    onTestFinished(() => reader.destroy());
    const source = createS3Source({ client: reader, bucket });
    const blob = await source.stat("large");
    const chunks = await source.open(blob, { start: 0, end: blob.size });
    expect(busyConnections(reader)).toBe(1);
    await chunks[Symbol.asyncIterator]().return?.();
    expect(busyConnections(reader)).toBe(0);
  });

  test("lists page by page, requesting each only when it is needed", async () => {
    const keys = Array.from({ length: 8 }, (_, i) => `page/${i}`);
    const bucket = await s3.makeBucket(Object.fromEntries(keys.map((key) => [key, key])));
    const reader = s3.connect(s3.url);
    onTestFinished(() => reader.destroy());
    const send = vi.spyOn(reader, "send");
    const source = createS3Source({ client: reader, bucket, pageSize: 3 });
    const seen: [string, number][] = [];
    for await (const { key } of source.list("page/")) seen.push([key, send.mock.calls.length]);
    expect(seen).toEqual(keys.map((key, i) => [key, 1 + Math.floor(i / 3)]));
    expect(send).toHaveBeenCalledTimes(3);
  });

  test("finds objects by their exact keys, not normalized as paths", async () => {
    const keys = [
      "./dot",
      "/lead",
      "a b",
      "a%2Bb",
      "a+b",
      "a/.",
      "a/..",
      "a/../b",
      "b",
      "ctl\u0001x",
    ];
    keys.push("trail ", "x//y", "\ue000", "😀");
    const bucket = await s3.makeBucket(Object.fromEntries(keys.map((key) => [key, `of ${key}`])));
    const source = createS3Source({ client: s3.client, bucket, pageSize: 5 });
    expect(await keysOf(source)).toEqual(keys);
    for (const key of keys) {
      const blob = await source.stat(key);
      expect((await read(source, blob)).toString()).toBe(`of ${key}`);
    }
    for (const key of ["dot", "lead", "a", "a/", "x/y", "trail", "B"]) {
      expect(await codeOf(source.stat(key)), key).toBe("not_found");
    }
  });

  test("refuses keys that S3 does not allow, even if a store has them", async () => {
    const bucket = await s3.makeBucket({ "../up": "1", "a/../../up": "2" });
    const source = createS3Source({ client: s3.client, bucket });
    for (const key of ["../up", "a/../../up", "a//../../up", "", "\ud800", "x".repeat(1025)]) {
      expect(await codeOf(source.stat(key)), key).toBe("not_found");
    }
    expect(await codeOf(listed(source))).toBe("denied");
    expect(await listed(source, "\ud800")).toEqual([]);
    expect(await codeOf(source.stat("x".repeat(1024)))).toBe("not_found");
  });

  test("serves a folder of a bucket, and nothing outside it", async () => {
    const bucket = await s3.makeBucket({
      ...{ "other.txt": "no", "team/": "", "team/a.txt": "a", "team/in/b.txt": "b" },
      ...{ "team/team/c.txt": "c", "team2/d.txt": "no" },
    });
    for (const prefix of ["team", "team/"]) {
      const source = createS3Source({ client: s3.client, bucket, prefix });
      expect(await keysOf(source)).toEqual(["a.txt", "in/b.txt", "team/c.txt"]);
      expect(await keysOf(source, "team")).toEqual(["team/c.txt"]);
      const blob = await source.stat("in/b.txt");
      expect(blob).toMatchObject({ key: "in/b.txt", size: 1 });
      expect((await read(source, blob)).toString()).toBe("b");
      for (const key of ["", "2/d.txt", "../other.txt", "../team2/d.txt", "other.txt"]) {
        expect(await codeOf(source.stat(key)), key).toBe("not_found");
      }
    }
  });

  test("treats keys that end in a slash as ordinary objects", async () => {
    const bucket = await s3.makeBucket({ "empty/": "", "full/": "text", "full/in": "more" });
    const source = createS3Source({ client: s3.client, bucket });
    expect((await listed(source)).map(({ key, size }) => [key, size])).toEqual([
      ["empty/", 0],
      ["full/", 4],
      ["full/in", 4],
    ]);
    expect((await read(source, await source.stat("full/"))).toString()).toBe("text");
    expect((await read(source, await source.stat("empty/"))).toString()).toBe("");
    expect(await codeOf(source.stat("full"))).toBe("not_found");
  });

  test("describes the time and type of an object identically in a listing and alone", async () => {
    const bucket = await s3.makeBucket();
    const object = { Bucket: bucket, Key: "a", Body: "a", ContentType: "text/x-test" };
    await s3.client.send(new PutObjectCommand(object));
    const source = createS3Source({ client: s3.client, bucket });
    const [inList] = await listed(source);
    const alone = await source.stat("a");
    expect(alone).toEqual({ ...inList, contentType: "text/x-test" });
  });

  test("checks for the object even if no byte of it is read", async () => {
    const bucket = await s3.makeBucket({ a: "a" });
    const source = createS3Source({ client: s3.client, bucket });
    const blob = await source.stat("a");
    expect(await read(source, blob, 1, 1)).toHaveLength(0);
    await s3.put(bucket, "a", "b");
    expect(await codeOf(read(source, blob, 1, 1))).toBe("changed");
    await s3.remove(bucket, "a");
    expect(await codeOf(read(source, blob, 1, 1))).toBe("not_found");
  });

  test("keeps reading the version that it has described, if the bucket keeps versions", async () => {
    const bucket = await makeVersionedBucket();
    const one = patterned(3_000_000, 1);
    const first = await s3.put(bucket, "a", one);
    const source = createS3Source({ client: s3.client, bucket });
    const blob = await source.stat("a");
    const [inList] = await listed(source);
    if (!inList) throw new Error("nothing is listed");
    expect(inList.version).toBe(blob.version);
    expect((await read(source, inList)).equals(one)).toBe(true);

    const chunks = await source.open(blob, { start: 0, end: 2_000_000 });
    await s3.put(bucket, "a", patterned(3_000_000, 2));
    const rest = await read(source, { ...blob, crc32: 1 }, 2_000_000);
    expect(Buffer.concat([await collect(chunks), rest]).equals(one)).toBe(true);
    expect(await codeOf(read(source, inList))).toBe("changed");
    expect((await source.stat("a")).version).not.toBe(blob.version);

    await s3.remove(bucket, "a");
    expect(await codeOf(source.stat("a"))).toBe("not_found");
    expect(await listed(source)).toEqual([]);
    expect((await read(source, blob)).equals(one)).toBe(true);
    await s3.remove(bucket, "a", first.VersionId);
    expect(await codeOf(read(source, blob))).toBe("not_found");
  });

  test.each([
    ["secret", { secretAccessKey: "wrong" }],
    ["id", { accessKeyId: "NOBODY" }],
  ])("is denied with a wrong %s", async (_, wrong) => {
    const bucket = await s3.makeBucket({ a: "a" });
    const blob = await createS3Source({ client: s3.client, bucket }).stat("a");
    const credentials = { ...s3.credentials, ...wrong };
    const endpoint = s3.url;
    const stranger = createS3Client({ region, endpoint, credentials, forcePathStyle: true });
    onTestFinished(() => stranger.destroy());
    const source = createS3Source({ client: stranger, bucket });
    expect(await codeOf(source.stat("a"))).toBe("denied");
    expect(await codeOf(listed(source))).toBe("denied");
    expect(await codeOf(read(source, blob))).toBe("denied");
  });

  test("finds nothing in a bucket that does not exist, and keeps the reason", async () => {
    const source = createS3Source({ client: s3.client, bucket: "no-such-bucket" });
    const blob = { key: "a", size: 1, version: '"x"', modified: new Date() };
    expect(await codeOf(source.stat("a"))).toBe("not_found");
    expect(await codeOf(read(source, blob))).toBe("not_found");
    const error = await failureOf(listed(source));
    expect(error).toMatchObject({ code: "not_found", cause: { name: "NoSuchBucket" } });
  });

  describeObjectStore("S3 (radosgw)", async () => {
    const bucket = await s3.makeBucket();
    const stranger = createS3Client({
      region,
      endpoint: s3.url,
      credentials: { ...s3.credentials, secretAccessKey: "another" },
      forcePathStyle: true,
    });
    return {
      store: createS3ObjectStore({ client: s3.client, bucket }),
      refusing: createS3ObjectStore({ client: stranger, bucket }),
      names: () => keysOf(createS3Source({ client: s3.client, bucket })),
      close: async () => stranger.destroy(),
    };
  });

  test("keeps small objects", async () => {
    const bucket = await s3.makeBucket();
    const store = createS3ObjectStore({ client: s3.client, bucket, prefix: "cache" });
    expect(await store.get("a.crc")).toBeUndefined();
    await store.put("a.crc", Buffer.from("one"));
    await store.put("a.crc", Buffer.from("two"));
    expect(Buffer.from((await store.get("a.crc")) ?? []).toString()).toBe("two");
    expect(await keysOf(createS3Source({ client: s3.client, bucket }))).toEqual(["cache/a.crc"]);
    const lost = createS3ObjectStore({ client: s3.client, bucket: "no-such-bucket" });
    expect(await codeOf(lost.get("a"))).toBe("not_found");
    expect(await codeOf(lost.put("a", Buffer.from("a")))).toBe("not_found");
    const signal = AbortSignal.abort(new Error("left"));
    await expect(store.get("a.crc", signal)).rejects.toThrow("left");
    await expect(store.put("a.crc", Buffer.from("b"), signal)).rejects.toThrow("left");
  });
});
