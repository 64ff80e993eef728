import { spawn } from "node:child_process";
import { once } from "node:events";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signLink } from "../../../core/links/link.ts";
import { patterned } from "../../support/bytes.ts";
import { readers } from "../../support/readers.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { type ServiceProcess, startService } from "../../support/service-process.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

const MiB = 1024 * 1024;

const tools = [...new Set(["curl" as const, ...readers.flatMap(({ needs }) => needs)])];

describeWithTools("a file truncated while it is sent", tools, () => {
  let folder: string;
  let service: ServiceProcess;
  let archive: string;

  beforeAll(async () => {
    folder = await makeFolder();
    archive = join(folder, "received.zip");
    await writeFile(join(folder, "a-whole.txt"), "whole");
    await writeFile(join(folder, "b-cut.bin"), patterned(64 * MiB));
    await writeFile(join(folder, "c-never-sent.txt"), "never sent");
    service = await startService("functions/node.ts", { SOURCE: folder, LINK_SECRET: secret });
  });

  afterAll(async () => {
    await service.stop();
    await removeFolder(folder);
  });

  test("makes curl fail, and no reader accepts the received bytes", async () => {
    const expires = new Date(Date.now() + 60_000);
    const token = await signLink({ prefix: "" }, { secret, expires });
    const curl = spawn("curl", ["-sSf", `${service.url}/zip/${token}`]);
    const exited = once(curl, "exit") as Promise<[number]>;
    const complaint = text(curl.stderr);
    const parts: Buffer[] = [];
    for await (const part of curl.stdout) {
      // The pipe and the sockets buffer far less than the rest of the file.
      if (parts.length === 0) await truncate(join(folder, "b-cut.bin"), 40 * MiB);
      parts.push(part as Buffer);
    }
    const [code] = await exited;
    expect([code, await complaint]).toEqual([18, expect.stringContaining("(18)")]);
    const received = Buffer.concat(parts);
    expect(received.length).toBeGreaterThan(0);
    expect(received.length).toBeLessThan(64 * MiB);
    await writeFile(archive, received);
    for (const reader of readers) {
      await expect(reader.test(archive), reader.name).rejects.toThrow();
    }
  });
});
