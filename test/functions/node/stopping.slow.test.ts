import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFsSource } from "../../../adapters/fs/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect, patterned, sha256 } from "../../support/bytes.ts";
import { download, open, readToEnd } from "../../support/download.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { type StoppableProcess, startNode, startService } from "../../support/service-process.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";

const root = join(import.meta.dirname, "../../..");
const framework = "node_modules/@google-cloud/functions-framework/build/src/main.js";
const listensHere = join(root, "test/support/local-listening.ts");

/** More than the system takes for a client that does not read. */
const BIG = 24 * 1024 * 1024;

let folder: string;

beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder, "big.bin"), patterned(BIG));
});
afterAll(() => removeFolder(folder));

const link = async () =>
  `/zip/${await signLink({ prefix: "" }, { secret, expires: new Date(Date.now() + 600_000) })}`;

/** Resolves once the service accepts no connections any more. */
async function refusesConnections({ url }: StoppableProcess): Promise<void> {
  for (;;) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const isRefused = await Promise.race([
      once(socket, "connect").then(() => false),
      once(socket, "error").then(() => true),
    ]).catch(() => true);
    socket.destroy();
    if (isRefused) return;
  }
}

type Start = (env: Record<string, string>) => Promise<StoppableProcess>;

const entrypoints: [name: string, start: Start][] = [
  ["the plain Node server", (env) => startService("functions/node.ts", env)],
  [
    "functions-framework",
    (env) => {
      const args = ["--source=functions/gcp.ts", "--target=ziplink"];
      return startNode(["--import", listensHere, join(root, framework), ...args], root, env);
    },
  ],
];

describe.each(entrypoints)("%s, told to stop", (_, startWith) => {
  const start = (env: Record<string, string>) =>
    startWith({ SOURCE: folder, LINK_SECRET: secret, ...env });

  test("in the middle of ten downloads: some end whole, the others resume elsewhere", async () => {
    const source = createFsSource({ root: folder });
    const whole = await collect(streamZip(await planArchive({ prefix: "" }, source), source));
    const path = await link();
    const first = await start({ DRAIN_SECONDS: "6" });
    const responses = await Promise.all(Array.from({ length: 10 }, () => open(first.url + path)));
    for (const { body } of responses) await once(body, "readable");
    first.tellToStop();
    await refusesConnections(first);

    const ended = await Promise.all(responses.slice(0, 5).map(readToEnd));
    for (const { complete, bytes } of ended) {
      expect([complete, sha256(bytes)]).toEqual([true, sha256(whole)]);
    }
    expect(await first.exited()).toBe(0);
    const lines = first.output().split("\n");
    const outcomes = lines.flatMap((line) => {
      const { message, outcome, failure } = line.startsWith("{") ? JSON.parse(line) : {};
      return message === "download_ended" ? [`${outcome} ${failure?.code ?? ""}`.trim()] : [];
    });
    expect(outcomes.sort()).toEqual([
      ...Array(5).fill("completed"),
      ...Array(5).fill("failed stopping"),
    ]);

    const next = await start({});
    try {
      for (const response of responses.slice(5)) {
        const { complete, bytes, headers } = await readToEnd(response);
        expect(complete).toBe(false);
        const rest = await download(next.url + path, {
          headers: { Range: `bytes=${bytes.length}-`, "If-Range": headers.etag ?? "" },
        });
        expect(rest).toMatchObject({ status: 206, complete: true });
        expect(sha256(Buffer.concat([bytes, rest.bytes]))).toBe(sha256(whole));
      }
    } finally {
      await next.stop();
    }
  });

  test("while nothing is in progress: ends", async () => {
    const service = await start({ DRAIN_SECONDS: "600" });
    expect(await service.stop()).toBe(0);
  });

  test("while a client keeps its connection: ends", async () => {
    const service = await start({ DRAIN_SECONDS: "600" });
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    expect(await service.stop()).toBe(0);
  });

  test("twice: ends at once, whatever is in progress", async () => {
    const service = await start({ DRAIN_SECONDS: "600" });
    const { body } = await open(service.url + (await link()));
    await once(body, "readable");
    service.tellToStop();
    await refusesConnections(service);
    expect(await service.stop()).toBe(128 + 15);
    body.destroy();
  });
});
