import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { patterned, sha256 } from "../support/bytes.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { runDeliver } from "../support/deliver-command.ts";
import { radosgwTools } from "../support/radosgw.ts";
import { region, type S3Store, startS3Store } from "../support/s3-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../support/tools.ts";

describe("ziplink deliver, into a folder", () => {
  async function bed() {
    const [source, out, state] = await Promise.all([
      temporaryFolder(),
      temporaryFolder(),
      temporaryFolder(),
    ]);
    await writeFile(join(source, "large.bin"), patterned(20_000_000));
    await writeFile(join(source, "small.txt"), "small");
    const env = { SOURCE: source, DELIVERY_STORE: state };
    const to = join(out, "a.zip");
    return { env, to, out, args: ["--prefix", "", "--to", to, "--part-size", "1", "--parts", "2"] };
  }

  test("delivers, lists, verifies and cleans up", async () => {
    const { env, to, args } = await bed();
    const done = await runDeliver(args, env);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    const { id = "", result } = done.lines.at(-1) ?? {};
    expect(result?.size).toBe((await readFile(to)).length);
    expect((await runDeliver(["--list"], env)).lines).toMatchObject([{ id, status: "completed" }]);
    const verified = await runDeliver(["--verify", id, "--deep"], env);
    expect(verified).toMatchObject({ code: 0 });
    await writeFile(to, "another");
    const changed = await runDeliver(["--verify", id], env);
    expect(changed).toMatchObject({ code: 1 });
    expect(changed.stderr).toMatch(/Another object has taken the place/);
    expect((await runDeliver(["--cleanup", "--older", "0s"], env)).lines).toEqual([
      { deliveries: 1, uploads: 0 },
    ]);
    expect((await runDeliver(["--list"], env)).lines).toEqual([]);
  });

  test("a wrong checksum fails, and nothing is there", async () => {
    const { env, out } = await bed();
    const args = [
      "--key",
      "small.txt",
      "--to",
      join(out, "s"),
      "--sha256",
      sha256(Buffer.from("x")),
    ];
    const failed = await runDeliver(args, env);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/SHA-256 is not the one/);
    expect(await readdir(out)).toEqual([".ziplink-uploads"]);
    expect(await readdir(join(out, ".ziplink-uploads"))).toEqual([]);
  });

  test("Ctrl-C pauses, and the same ID goes on", async () => {
    const { env, to, args } = await bed();
    let isTold = false;
    const paused = await runDeliver([...args, "--id", "mine"], env, ({ parts = 0 }, child) => {
      if (!isTold && parts >= 2) isTold = child.kill("SIGINT");
    });
    // A small delivery may be done before the signal comes.
    if (paused.code === 0) return;
    expect(paused).toMatchObject({ code: 3 });
    expect(paused.stderr).toMatch(/To go on: ziplink deliver --resume mine/);
    expect((await runDeliver(["--resume", "mine"], env)).code).toBe(0);
    await runTool({ program: "unzip", args: ["-tq", to] });
  });

  test.each([
    [[], /Give --to, or one of/],
    [["--to", "/tmp/x"], /Give one of --prefix/],
    [["--to", "/tmp/x", "--prefix", "", "--key", "a"], /Give one of --prefix/],
    [["--to", "ftp://x/y", "--prefix", ""], /--to must be/],
    [["--cleanup", "--older", "soon"], /--older takes a duration/],
    [["--to", "/tmp/x", "--prefix", "", "--age", "age1x"], /--age needs DELIVERY_SECRET/],
  ])("explains what is wrong with %j", async (args, message) => {
    const { env } = await bed();
    const { code, stderr } = await runDeliver(args, env);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describeWithTools("ziplink deliver, into S3 (radosgw)", [...radosgwTools, "unzip"], () => {
  const MiB = 1024 * 1024;
  let s3: S3Store;
  let proxy: CountingProxy;

  beforeAll(async () => {
    s3 = await startS3Store();
    proxy = await startCountingProxy(s3.url);
    return async () => {
      await proxy.close();
      await s3.stop();
    };
  });

  async function bed() {
    const bucket = await s3.makeBucket();
    for (let i = 0; i < 3; i++) await s3.put(bucket, `in/large ${i}`, patterned(22 * MiB, i));
    for (let i = 0; i < 40; i++) await s3.put(bucket, `in/small ${i}`, patterned(50_000 + i, i));
    const { credentials } = s3;
    const env = {
      SOURCE: `s3://${bucket}/in`,
      DELIVERY_STORE: `s3://${bucket}/state`,
      S3_ENDPOINT: proxy.url,
      S3_FORCE_PATH_STYLE: "true",
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const to = `s3://${bucket}/out/a.zip`;
    const args = ["--prefix", "", "--to", to, "--part-size", "5", "--parts", "2"];
    const download = async () => {
      const { GetObjectCommand } = await import("@aws-sdk/client-s3");
      const command = new GetObjectCommand({ Bucket: bucket, Key: "out/a.zip" });
      const { Body } = await s3.client.send(command);
      const path = join(await temporaryFolder(), "a.zip");
      await writeFile(path, (await Body?.transformToByteArray()) ?? "");
      return path;
    };
    const uploads = async () => {
      const { ListMultipartUploadsCommand } = await import("@aws-sdk/client-s3");
      const command = new ListMultipartUploadsCommand({ Bucket: bucket });
      return (await s3.client.send(command)).Uploads?.length ?? 0;
    };
    return { bucket, env, args, download, uploads };
  }

  test("every byte is read once and sent once", async () => {
    const { env, args, download, uploads } = await bed();
    proxy.reset();
    const { code, lines } = await runDeliver(args, env);
    expect(code).toBe(0);
    const size = lines.at(-1)?.result?.size ?? 0;
    expect(proxy.sent).toBe(size);
    const objects = 3 * 22 * MiB + 40 * 50_000 + (39 * 40) / 2;
    expect(proxy.read).toBe(objects);
    await runTool({ program: "unzip", args: ["-tq", await download()] });
    expect(await uploads()).toBe(0);
  });

  test.each([0, 1, 6, 12])(
    "killed after %i parts, it goes on: at most what was under way is sent again",
    async (killAt) => {
      const { env, args, download, uploads } = await bed();
      proxy.reset();
      const id = `killed-${killAt}`;
      const killed = await runDeliver([...args, "--id", id], env, ({ parts = 0 }, child) => {
        if (parts >= killAt) child.kill("SIGKILL");
      });
      expect(killed.signal).toBe("SIGKILL");
      const resumed = await runDeliver(["--resume", id, "--part-size", "5", "--parts", "2"], env);
      expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
      const size = resumed.lines.at(-1)?.result?.size ?? 0;
      expect(proxy.sent).toBeGreaterThanOrEqual(size);
      // Two parts at once, of 5 MiB and what was too short for a part of its own.
      expect(proxy.sent).toBeLessThanOrEqual(size + 2 * 10 * MiB);
      await runTool({ program: "unzip", args: ["-tq", await download()] });
      await runDeliver(["--cleanup", "--older", "0s"], env);
      expect(await uploads()).toBe(0);
    },
    180_000,
  );

  test("cancelled after a kill, it leaves nothing", async () => {
    const { env, args, uploads } = await bed();
    await runDeliver([...args, "--id", "dead"], env, ({ parts = 0 }, child) => {
      if (parts >= 3) child.kill("SIGKILL");
    });
    expect(await uploads()).toBe(1);
    expect((await runDeliver(["--cancel", "dead"], env)).code).toBe(0);
    expect(await uploads()).toBe(0);
    expect((await runDeliver(["--resume", "dead"], env)).stderr).toMatch(/is cancelled cannot/);
  });
});
