import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { makeFolder, removeFolder } from "./temporary-folder.ts";
import { runTool, type Tool } from "./tools.ts";

/** Ceph's S3 server on a cluster of one monitor and one disk, which is in memory. */
export interface Radosgw {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The credentials of a user that may create buckets. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Stops its processes and removes its folder. */
  stop(): Promise<void>;
}

/** The programs that `startRadosgw` runs. */
export const radosgwTools: readonly Tool[] = [
  "radosgw",
  "radosgw-admin",
  "ceph",
  "ceph-mon",
  "ceph-osd",
  "monmaptool",
];

const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "a-secret-for-tests" };

/** The time limit of each setup program, and of each server until it answers. Milliseconds. */
const STEP_TIMEOUT = 20_000;

/** Starts the server. Rejects with the ends of its logs if it does not start. */
export async function startRadosgw(memoryBytes = 4 * 1024 ** 3): Promise<Radosgw> {
  const folder = await makeFolder();
  const servers: Server[] = [];
  // A test file that ends without cleaning up must not leave anything behind.
  const onExit = () => {
    for (const server of servers) server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", onExit);
  const stop = async () => {
    // Nothing in them is worth keeping, so they are killed without a shutdown.
    for (const server of servers) server.kill();
    await Promise.all(servers.map(({ exited }) => exited));
    await removeFolder(folder);
    process.off("exit", onExit);
  };
  try {
    const url = await startCluster(folder, servers, memoryBytes);
    return { url, credentials, stop };
  } catch (error) {
    const logs = await Promise.all(servers.map(({ name, log }) => tail(name, log)));
    await stop();
    throw new Error(`radosgw did not start: ${error}\n${logs.join("\n")}`, { cause: error });
  }
}

async function startCluster(
  folder: string,
  servers: Server[],
  memoryBytes: number,
): Promise<string> {
  const cluster = crypto.randomUUID();
  const disk = crypto.randomUUID();
  const monPort = await freePort();
  const gatewayPort = await freePort();
  const conf = join(folder, "ceph.conf");
  const map = join(folder, "monmap");
  const mon = ["--conf", conf, "--id", "a"];
  const osd = ["--conf", conf, "--id", "0"];
  const admin = ["--conf", conf, "--name", "client.admin"];
  const run = (program: Tool, args: readonly string[]) =>
    // Each prints its progress, on standard error too.
    runTool({ program, args }, { timeoutMs: STEP_TIMEOUT }, ({ code }) => code === 0);
  // One time in twenty, the monitor refuses a client (EPERM) that it would accept a moment later.
  const ask = (program: Tool, args: readonly string[]) =>
    retried(() => run(program, [...admin, ...args]));
  const start = async (program: Tool, args: readonly string[]) => {
    const server = await Server.start(program, [...args, "--foreground"], folder);
    servers.push(server);
    return server;
  };

  await mkdir(join(folder, "mon"));
  await mkdir(join(folder, "osd"));
  await writeFile(
    conf,
    settings(folder, cluster, `v1:127.0.0.1:${monPort}`, gatewayPort, memoryBytes),
  );
  await writeFile(join(folder, "keyring"), "");
  const address = `[v1:127.0.0.1:${monPort}]`;
  await run("monmaptool", ["--create", "--fsid", cluster, "--addv", "a", address, map]);
  await run("ceph-mon", [...mon, "--mkfs", "--monmap", map]);
  await start("ceph-mon", mon);
  // This waits for the monitor; the gateway and its admin tool wait for the disk.
  await ask("ceph", ["osd", "new", disk]);
  await ask("ceph", ["osd", "crush", "add", "osd.0", "1", "root=default"]);
  await run("ceph-osd", [...osd, "--mkfs", "--osd-uuid", disk]);
  await start("ceph-osd", osd);
  const gateway = await start("radosgw", admin);
  const url = `http://127.0.0.1:${gatewayPort}`;
  await retried(
    async () => (await fetch(url, { signal: AbortSignal.timeout(STEP_TIMEOUT) })).body?.cancel(),
    () => gateway.isRunning,
  );
  const { accessKeyId, secretAccessKey } = credentials;
  await ask("radosgw-admin", [
    ...["user", "create", "--uid", "test", "--display-name", "test"],
    ...["--access-key", accessKeyId, "--secret-key", secretAccessKey],
  ]);
  return url;
}

/** https://docs.ceph.com/en/pacific/rados/configuration/ */
function settings(
  folder: string,
  cluster: string,
  monitor: string,
  gatewayPort: number,
  memoryBytes: number,
): string {
  return `[global]
fsid = ${cluster}
mon host = ${monitor}
public addr = 127.0.0.1
# Everything listens on this machine alone, so nobody needs to log in.
auth cluster required = none
auth service required = none
auth client required = none
keyring = ${folder}/keyring
run dir = ${folder}
admin socket = ${folder}/$name.asok
log file = ${folder}/$name.log
mon data = ${folder}/mon
osd data = ${folder}/osd
rgw data = ${folder}/rgw
# One disk, which keeps one copy, in memory.
osd objectstore = memstore
memstore device bytes = ${memoryBytes}
osd crush chooseleaf type = 0
osd class update on start = false
osd crush update on start = false
mon osd min up ratio = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
# Agreeing with nobody need not wait for others.
paxos propose interval = 0.01
paxos min wait = 0.01
# The disk of the machine that runs the tests may be nearly full.
mon data avail crit = 1
mon data avail warn = 1
ms bind msgr2 = false
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw thread pool size = 64
rgw enable lc threads = false
rgw enable quota threads = false
rgw run sync thread = false
`;
}

/** A server that runs until it is killed or until this process ends, for whatever reason. */
class Server {
  readonly name: string;
  /** The file with its output. */
  readonly log: string;
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;

  static async start(program: Tool, args: readonly string[], folder: string): Promise<Server> {
    const log = join(folder, `${program}.out`);
    const output = await open(log, "a");
    try {
      // A killed test process cannot clean up, so the kernel does.
      const command = ["--pdeathsig", "KILL", program, ...args];
      const stdio = ["ignore", output.fd, output.fd] as const;
      const child = spawn("setpriv", command, { cwd: folder, stdio: [...stdio] });
      await once(child, "spawn");
      return new Server(program, log, child);
    } finally {
      await output.close();
    }
  }

  constructor(name: string, log: string, child: ChildProcess) {
    this.name = name;
    this.log = log;
    this.#child = child;
    this.exited = once(child, "exit");
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/**
 * Retries until `attempt` succeeds or the time for a step is over; stops earlier if `isWorthIt`
 * returns false.
 */
async function retried(attempt: () => Promise<unknown>, isWorthIt = () => true): Promise<void> {
  const deadline = performance.now() + STEP_TIMEOUT;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > deadline || !isWorthIt()) throw error;
    }
    await setTimeout(20);
  }
}

async function tail(name: string, log: string): Promise<string> {
  const text = await readFile(log, "utf8").catch((error) => String(error));
  return `${name}: ${text.slice(-1500)}`;
}
