import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signLink } from "../core/link.ts";

const SECRET = "a secret for the benchmark alone, ok";
const FILES = 160;
const FILE_BYTES = 64 * 1024 * 1024;

/** Times to the first byte of a body, in milliseconds, in rounds of one each. */
export interface FirstBytes {
  readonly fresh: readonly number[];
  readonly resumed: readonly number[];
}

/**
 * How long the first byte of a 10 GiB archive of a folder takes, from its beginning and from 90% on.
 * Nothing is known of the files' checksums, and each request is of a service that has just started, so
 * nine tenths of them have to be read again. The client leaves behind the first byte.
 */
export async function measureResume(rounds: number): Promise<FirstBytes> {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  try {
    for (let i = 0; i < FILES; i++) {
      const path = join(folder, `${String(i).padStart(3, "0")}.bin`);
      await writeFile(path, "");
      await truncate(path, FILE_BYTES); // sparse
    }
    const start = Math.floor(FILES * FILE_BYTES * 0.9);
    const fresh: number[] = [];
    const resumed: number[] = [];
    for (let round = 0; round < rounds; round++) {
      fresh.push(await firstByte(folder, "bytes=0-"));
      resumed.push(await firstByte(folder, `bytes=${start}-`));
    }
    return { fresh, resumed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a service, lets it warm up by a small request, and times one for `range`. */
async function firstByte(folder: string, range: string): Promise<number> {
  const program = fileURLToPath(import.meta.resolve("../functions/node.ts"));
  const env = {
    PATH: process.env.PATH,
    SOURCE: folder,
    LINK_SECRET: SECRET,
    HOST: "127.0.0.1",
    PORT: "0",
  };
  const server = spawn(process.execPath, [program], { env, stdio: ["ignore", "pipe", 2] });
  try {
    let printed = "";
    let port: string | undefined;
    for await (const text of server.stdout ?? []) {
      printed += text;
      port = /"port":(\d+)/.exec(printed)?.[1];
      if (port) break;
    }
    const expires = new Date(Date.now() + 600_000);
    const path = `/zip/${await signLink({ prefix: "" }, { secret: SECRET, expires })}`;
    const warmUp = await signLink({ entries: [{ key: "000.bin" }] }, { secret: SECRET, expires });
    await timeFirstByte(Number(port), `/zip/${warmUp}`, "bytes=0-99");
    return await timeFirstByte(Number(port), path, range);
  } finally {
    server.kill("SIGKILL");
  }
}

async function timeFirstByte(port: number, path: string, range: string): Promise<number> {
  const started = performance.now();
  const outgoing = request({
    port,
    host: "127.0.0.1",
    path,
    headers: { Range: range },
    agent: false,
  });
  outgoing.end();
  const [response] = await once(outgoing, "response");
  if (response.statusCode !== 206) throw new Error(`The service answered ${response.statusCode}.`);
  await once(response, "readable");
  const elapsed = performance.now() - started;
  response.on("error", () => undefined).destroy(); // it leaves; that the rest never came is no news
  return elapsed;
}
