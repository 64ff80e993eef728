import { once } from "node:events";
import { mkdir, open, truncate, writeFile } from "node:fs/promises";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type Settings,
} from "node:http2";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createFsSource } from "../../../adapters/fs/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect, patterned, sha256 } from "../../support/bytes.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { type ServiceProcess, startService } from "../../support/service-process.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";

const MiB = 1024 * 1024;
const BIG = 48 * MiB;

let folder: string;
let service: ServiceProcess;
let session: ClientHttp2Session;

beforeAll(async () => {
  folder = await makeFolder();
  await mkdir(join(folder, "big"));
  await writeFile(join(folder, "big/file.bin"), patterned(BIG));
  await mkdir(join(folder, "huge"));
  await (await open(join(folder, "huge/file.bin"), "w")).close();
  await truncate(join(folder, "huge/file.bin"), 4096 * MiB); // sparse
  service = await start();
});

afterAll(async () => {
  await service.stop();
  await removeFolder(folder);
});

beforeEach(() => {
  session = connect(service.url);
});

afterEach(() => {
  session.destroy();
});

const start = () =>
  startService("functions/node.ts", { SOURCE: folder, LINK_SECRET: secret, HTTP2: "true" });

async function link(prefix: string): Promise<{ path: string; id: string }> {
  const expires = new Date(Date.now() + 3_600_000);
  const token = await signLink({ prefix }, { secret, expires });
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return { path: `/zip/${token}/a.zip`, id: claims.jti };
}

/** Sends a request as a stream of the session, or of `over`. */
async function send(path: string, headers: Record<string, string> = {}, over = session) {
  const stream = over.request({ ":path": path, ...headers });
  const [answer] = (await once(stream, "response")) as [IncomingHttpHeaders];
  return { stream, headers: answer };
}

/** Reads what arrives, and whether the stream ended rather than being reset. */
async function readToEnd(stream: ClientHttp2Stream) {
  const parts: Buffer[] = [];
  let complete = false;
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.once("end", () => {
    complete = true;
  });
  stream.once("error", () => undefined); // also in rstCode
  await new Promise<void>((resolve) => stream.once("close", resolve));
  return { bytes: Buffer.concat(parts), complete, code: stream.rstCode };
}

async function archiveOf(prefix: string): Promise<Buffer> {
  const source = createFsSource({ root: folder });
  return Buffer.from(await collect(streamZip(await planArchive({ prefix }, source), source)));
}

const ended = ({ id }: { id: string }) =>
  service.nextLine((line) => line.message === "download_ended" && line.link === id);

test("an archive above 32 MiB is sent with its exact length, on concurrent streams", async () => {
  const expected = await archiveOf("big/");
  const { path } = await link("big/");
  const answers = await Promise.all([1, 2, 3].map(() => send(path)));
  for (const { headers } of answers) {
    expect(headers[":status"]).toBe(200);
    expect(headers["content-length"]).toBe(String(expected.length));
    expect(headers["transfer-encoding"]).toBeUndefined();
  }
  for (const { bytes, complete, code } of await Promise.all(
    answers.map(({ stream }) => readToEnd(stream)),
  )) {
    expect({ complete, code }).toEqual({ complete: true, code: constants.NGHTTP2_NO_ERROR });
    expect(sha256(bytes)).toBe(sha256(expected));
  }
});

test("ranges, HEAD and problems work as over HTTP/1", async () => {
  const expected = await archiveOf("big/");
  const { path } = await link("big/");
  const part = await send(path, { range: `bytes=100-${40 * MiB}` });
  expect(part.headers).toMatchObject({
    ":status": 206,
    "content-range": `bytes 100-${40 * MiB}/${expected.length}`,
    "content-length": String(40 * MiB - 99),
  });
  const { bytes } = await readToEnd(part.stream);
  expect(sha256(bytes)).toBe(sha256(expected.subarray(100, 40 * MiB + 1)));
  const head = await send(path, { ":method": "HEAD" });
  expect(head.headers).toMatchObject({ ":status": 200, "content-length": `${expected.length}` });
  expect((await readToEnd(head.stream)).bytes).toHaveLength(0);
  const forged = await send("/zip/forged");
  expect(forged.headers).toMatchObject({
    ":status": 401,
    "content-type": "application/problem+json",
  });
  await readToEnd(forged.stream);
});

test("everything is closed when the client closes its stream or its session", async () => {
  const leave = [
    (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL),
    () => session.destroy(),
  ];
  for (const go of leave) {
    const huge = await link("huge/");
    const { stream } = await send(huge.path);
    stream.on("error", () => undefined);
    await once(stream, "readable");
    expect(await service.openFilesBelow(folder)).toBe(1);
    go(stream);
    const line = await ended(huge);
    expect(line).toMatchObject({ outcome: "aborted" });
    expect(line.sent).toBeLessThan(64 * MiB);
    expect(await service.openFilesBelow(folder)).toBe(0);
  }
});

test("a transfer that fails is reset, never ended, and the session stays usable", async () => {
  const big = await link("big/");
  const { stream, headers } = await send(big.path);
  await once(stream, "readable");
  await truncate(join(folder, "big/file.bin"), 32 * MiB);
  const { bytes, complete, code } = await readToEnd(stream);
  await writeFile(join(folder, "big/file.bin"), patterned(BIG));
  expect({ complete, code }).toEqual({ complete: false, code: constants.NGHTTP2_INTERNAL_ERROR });
  expect(bytes.length).toBeLessThan(Number(headers["content-length"]));
  expect(bytes.indexOf("PK\x01\x02"), "a central directory").toBe(-1);
  expect(await ended(big)).toMatchObject({ outcome: "failed", failure: { code: "changed" } });
  const again = await send((await link("big/")).path);
  expect(await readToEnd(again.stream)).toMatchObject({ complete: true });
});

test("a connection has at most 250 streams at a time; a client keeps further ones back", async () => {
  const settings = await new Promise<Settings>((resolve) =>
    session.once("remoteSettings", resolve),
  );
  expect(settings.maxConcurrentStreams).toBe(250);
  const links = await Promise.all(Array.from({ length: 3 }, () => link("huge/")));
  const answered = vi.fn();
  const streams = Array.from({ length: 251 }, (_, i) =>
    session.request({ ":path": links[i % 3]?.path }).on("error", () => undefined),
  );
  const answers = streams.map(
    (stream) => new Promise((resolve) => stream.once("response", resolve)),
  );
  void answers[250]?.then(answered);
  await Promise.all(answers.slice(0, 250));
  expect(answered).not.toHaveBeenCalled();
});

test("uses little memory for clients that stall", async () => {
  const before = await service.residentBytes();
  const links = await Promise.all(Array.from({ length: 8 }, () => link("huge/")));
  const stalled = await Promise.all(links.map(({ path }) => send(path)));
  for (const { stream } of stalled) await once(stream, "readable");
  const other = connect(service.url);
  const whole = await send((await link("big/")).path, {}, other);
  expect(await readToEnd(whole.stream)).toMatchObject({ complete: true });
  other.destroy();
  expect((await service.residentBytes()) - before).toBeLessThan(128 * MiB); // of 32 GiB
  session.destroy();
  for (const each of links) expect(await ended(each)).toMatchObject({ outcome: "aborted" });
});

test("a server that is told to stop finishes the responses in progress", async () => {
  const ending = await start();
  const own = connect(ending.url);
  const { stream } = await send((await link("big/")).path, {}, own);
  await once(stream, "readable");
  const stopped = ending.stop();
  expect(await readToEnd(stream)).toMatchObject({ complete: true });
  expect(await stopped).toBe(0);
});

describeWithTools("over HTTP/2, curl", ["curl"], () => {
  const curl = async (path: string, accepts: (code: number | string) => boolean) => {
    const file = join(await temporaryFolder(), "a.zip");
    const args = ["-sS", "--http2-prior-knowledge", "-o", file, service.url + path];
    return runTool({ program: "curl", args }, {}, ({ code }) => accepts(code));
  };

  test("downloads, and detects a broken transfer", async () => {
    const big = await link("big/");
    await curl(big.path, (code) => code === 0);
    const huge = await link("huge/");
    // Truncates the huge file as soon as it is being sent.
    const begun = service.nextLine(
      (line) => line.message === "download_started" && line.link === huge.id,
    );
    const broken = curl(huge.path, (code) => code === 92);
    await begun;
    await truncate(join(folder, "huge/file.bin"), 1 * MiB);
    await broken;
    await truncate(join(folder, "huge/file.bin"), 4096 * MiB);
  });
});
