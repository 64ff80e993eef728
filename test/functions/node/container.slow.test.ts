import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { freePort } from "../../support/free-port.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

// Builds no image, because that takes a daemon: runs the Dockerfile's commands on the files that it copies,
// and on no others.
const root = join(import.meta.dirname, "../../..");
const lines = readFileSync(join(root, "Dockerfile"), "utf8").split("\n");
const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));

/** Returns the arguments of an instruction in JSON (exec) form. */
function words(instruction: RegExp): string[] {
  const line = last.find((text) => instruction.test(text)) ?? "";
  return JSON.parse(line.slice(line.indexOf("["))) as string[];
}

/** Files and folders that the last stage copies from the repository. */
const copied = last.flatMap((line) => /^COPY (?!--from)(\S+) \S+$/.exec(line)?.[1] ?? []);

async function image(): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of copied) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Number of ports to try: another program may take one before the server does. */
const ATTEMPTS = 5;

describe("the container", () => {
  test("runs as an unprivileged user, and includes only the files it needs", () => {
    expect(last).toContain("USER node");
    expect(last.indexOf("USER node")).toBeLessThan(last.findIndex((l) => l.startsWith("CMD ")));
    const allowed = readFileSync(join(root, ".dockerignore"), "utf8").match(/(?<=^!).*$/gm) ?? [];
    expect([...new Set([...allowed])].sort()).toEqual([...copied, "package-lock.json"].sort());
  });

  test.each(["false", "true"])(
    "serves, is healthy and stops when told to; HTTP2=%s",
    async (http2) => {
      const cwd = await image();
      const start = async () => {
        const settings = { SOURCE: cwd, LINK_SECRET: secret, PORT: `${await freePort()}` };
        const env = { ...settings, HTTP2: http2, NODE_ENV: "production", HOST: "127.0.0.1" };
        const run = ([, ...args]: string[]) => spawn(process.execPath, args, { cwd, env });
        const health = async () => (await once(run(words(/^HEALTHCHECK /)), "exit"))[0] as number;
        expect(await health()).toBe(1);
        const server = run(words(/^CMD /));
        const exit = once(server, "exit");
        const errors = text(server.stderr);
        const listening = once(server.stdout, "data").then(() => true);
        const isUp = await Promise.race([listening, exit.then(() => false)]);
        const isTaken = !isUp && (await errors).includes("EADDRINUSE");
        return { server, exit, errors, health, isTaken };
      };

      let started = await start();
      for (let i = 1; i < ATTEMPTS && started.isTaken; i++) started = await start();
      const { server, exit, errors, health } = started;
      expect(await health()).toBe(0);
      server.kill("SIGTERM");
      expect(await exit).toEqual([0, null]);
      expect(await errors).toBe("");
    },
  );
});

test("no package of the service needs an install script", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>;
  };
  const scripted = Object.entries(lock.packages)
    .filter(([name, entry]) => name !== "" && !entry.dev && entry.hasInstallScript)
    .map(([name]) => name);
  expect(scripted).toEqual([]);
});
