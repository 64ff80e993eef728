import { type ChildProcess, spawn } from "node:child_process";
import { on, once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { fileURLToPath } from "node:url";
import { signLink } from "../core/links/link.ts";
import type { ArchiveSpec } from "../core/planning/archive-spec.ts";

const SECRET = "a secret for the benchmark alone, ok";

/** The plain server as it is deployed, in a separate process that ends on disposal. */
export class Service implements Disposable {
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.#port = port;
  }

  /** @param settings in addition to `LINK_SECRET`, `HOST` and `PORT` */
  static async start(settings: Readonly<Record<string, string>>): Promise<Service> {
    const program = fileURLToPath(import.meta.resolve("../functions/node.ts"));
    const env = {
      PATH: process.env.PATH,
      LINK_SECRET: SECRET,
      HOST: "127.0.0.1",
      PORT: "0",
      ...settings,
    };
    const flags = [...process.execArgv, "--max-semi-space-size=8"];
    const server = spawn(process.execPath, [...flags, program], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    server.stdout.resume(); // read to the end, so that the service can write its log
    for await (const [text] of on(server.stdout, "data", { close: ["close"] })) {
      printed += text;
      const port = /"port":(\d+)/.exec(printed)?.[1];
      if (port) return new Service(server, Number(port));
    }
    throw new Error(`The service exited before it was listening: ${printed}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Returns the token of a link to an archive, valid for ten minutes. */
  sign(spec: ArchiveSpec): Promise<string> {
    return signLink(spec, { secret: SECRET, expires: new Date(Date.now() + 600_000) });
  }

  /** Requests an archive. Resolves with a response whose body has not been read. */
  async get(spec: ArchiveSpec, range?: string): Promise<IncomingMessage> {
    const outgoing = request({
      port: this.#port,
      host: "127.0.0.1",
      path: `/zip/${await this.sign(spec)}`,
      headers: range === undefined ? {} : { Range: range },
      agent: false,
    });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const expected = range === undefined ? 200 : 206;
    if (response.statusCode === expected) return response;
    throw new Error(`The service answered ${response.statusCode}.`);
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }
}
