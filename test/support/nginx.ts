import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";
import { makeFolder, removeFolder } from "./temporary-folder.ts";
import { pathOf } from "./tools.ts";

export interface NginxOptions {
  /** The folder to serve. */
  readonly root: string;
  /**
   * Whether to compress on the fly for clients that accept it: no length, a weak ETag. Default:
   * false.
   */
  readonly gzip?: boolean;
}

/** An nginx with its own process, port and folder, which serves files. */
export interface Nginx {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  stop(): Promise<void>;
}

/** How long nginx may take to start or to exit. Milliseconds. */
const TIME_LIMIT = 10_000;

/** Number of ports to try: another program may take a port before nginx does. */
const ATTEMPTS = 5;

/**
 * Starts nginx, and resolves once it is listening. Works for any user, since it only writes to a
 * temporary folder.
 */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const program = pathOf("nginx");
  if (program === undefined) throw new Error("nginx is not on the PATH");
  const folder = await makeFolder();
  await mkdir(join(folder, "temp"));
  let printed = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await freePort();
    await writeFile(join(folder, "nginx.conf"), configuration(port, options));
    const { child, ready } = run(program, folder);
    printed = await ready;
    if (child.exitCode === null && child.signalCode === null) {
      return {
        url: `http://127.0.0.1:${port}`,
        async stop() {
          const exited = once(child, "exit", { signal: AbortSignal.timeout(TIME_LIMIT) });
          child.kill("SIGKILL");
          await exited;
          await removeFolder(folder);
        },
      };
    }
    if (!printed.includes("Address already in use")) break;
  }
  await removeFolder(folder);
  throw new Error(`nginx did not start:\n${printed}`);
}

/** Runs nginx. `ready` resolves with its output once it is listening or has exited. */
function run(program: string, folder: string) {
  const args = ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  // A test file that ends without cleaning up must not leave a server behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const lines: string[] = [];
  const ready = new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT);
    const settle = () => {
      clearTimeout(late);
      resolve(lines.join("\n"));
    };
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      // Printed once the sockets are listening.
      if (line.includes("using the ")) settle();
    });
    child.once("close", settle);
    child.once("error", reject);
  });
  return { child, ready };
}

/**
 * Returns the configuration: one process, since a killed master would leave its workers, and all
 * temporary files in the prefix.
 */
function configuration(port: number, { root, gzip = false }: NginxOptions): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  types { text/plain txt; }
  default_type application/octet-stream;
  sendfile on;
  gzip ${gzip ? "on" : "off"};
  gzip_types *;
  gzip_min_length 0;
  server {
    listen 127.0.0.1:${port};
    root ${JSON.stringify(root)};
  }
}
`;
}
