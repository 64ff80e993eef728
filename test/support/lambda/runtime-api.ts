import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The status and headers that a function sends before the body. */
export interface Prelude {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
}

/** A response as a runtime client streams it. */
export interface StreamedResponse {
  readonly prelude: Prelude;
  /**
   * The body as it arrives; nothing is read before it is requested. Throws if it does not end
   * properly: the connection breaks, or the trailers contain an error.
   */
  readonly body: AsyncIterable<Buffer>;
  /**
   * Resolves when the runtime client has finished or given up, whether or not the body was read.
   */
  readonly closed: Promise<void>;
  /** Breaks the connection. */
  destroy(): void;
}

interface Invocation {
  readonly id: string;
  readonly event: unknown;
  readonly deadlineMs: number;
  readonly response: PromiseWithResolvers<StreamedResponse>;
}

/**
 * A stub of Lambda's Runtime API, on 127.0.0.1, for any number of runtime clients.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export class RuntimeApi {
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #idle: ServerResponse[] = [];
  readonly #queue: Invocation[] = [];
  readonly #running = new Map<string, Invocation>();
  #expected = 0;

  static async start(): Promise<RuntimeApi> {
    const api = new RuntimeApi();
    api.#server.requestTimeout = 0;
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  /** The value of `AWS_LAMBDA_RUNTIME_API`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Whether an invocation waits and no client is free or about to be. */
  get needsClient(): boolean {
    return this.#queue.length > this.#expected;
  }

  /** Must be called when a client is started, which will then request its first invocation. */
  expectClient(): void {
    this.#expected++;
  }

  /** Resolves with the response once its status and headers have arrived. */
  invoke(event: unknown, timeoutMs = 900_000): Promise<StreamedResponse> {
    const response = Promise.withResolvers<StreamedResponse>();
    const deadlineMs = Date.now() + timeoutMs;
    this.#queue.push({ id: randomUUID(), event, deadlineMs, response });
    this.#handOut();
    return response.promise;
  }

  /** Rejects all invocations that have no response yet. */
  fail(error: Error): void {
    for (const { response } of [...this.#queue.splice(0), ...this.#running.values()]) {
      response.reject(error);
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id, verb] =
      /^\/2018-06-01\/runtime\/(?:invocation|init)\/?([^/]*)\/(next|response|error)$/.exec(
        request.url?.replace("/invocation/next", "/invocation//next") ?? "",
      ) ?? [];
    if (verb === "next") {
      this.#expected--;
      this.#idle.push(response);
      this.#handOut();
      return;
    }
    const invocation = this.#running.get(id ?? "");
    if (verb !== "response" || !invocation) {
      this.#expected++;
      const said = Buffer.concat(await request.toArray()).toString();
      this.fail(new Error(`the function failed: ${said}`));
      response.writeHead(202).end();
      return;
    }
    const closed = new Promise<void>((resolve) => {
      request.once("close", () => {
        this.#expected++;
        resolve();
      });
    });
    request.on("error", () => undefined); // reported to the body's reader
    request.once("end", () => response.writeHead(202).end("{}"));
    try {
      const destroy = () => void request.destroy();
      invocation.response.resolve({ ...(await readPrelude(request)), closed, destroy });
    } catch (error) {
      invocation.response.reject(error);
    } finally {
      this.#running.delete(invocation.id);
    }
  }

  #handOut(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const [client] = this.#idle.splice(0, 1);
      const [invocation] = this.#queue.splice(0, 1);
      if (!client || !invocation) return;
      this.#running.set(invocation.id, invocation);
      client
        .writeHead(200, {
          "Content-Type": "application/json",
          "Lambda-Runtime-Aws-Request-Id": invocation.id,
          "Lambda-Runtime-Deadline-Ms": String(invocation.deadlineMs),
          "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:1:function:f",
        })
        .end(JSON.stringify(invocation.event));
    }
  }
}

const DELIMITER = Buffer.alloc(8);

async function readPrelude(
  request: IncomingMessage,
): Promise<Pick<StreamedResponse, "prelude" | "body">> {
  const chunks = request[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (;;) {
    const end = head.indexOf(DELIMITER);
    if (end >= 0) {
      const prelude = JSON.parse(head.subarray(0, end).toString()) as Prelude;
      const first = head.subarray(end + DELIMITER.length);
      return { prelude, body: bodyOf(first, chunks, request) };
    }
    const { done, value } = await chunks.next();
    if (done) throw new Error(`no prelude in ${JSON.stringify(head.toString())}`);
    head = Buffer.concat([head, value]);
  }
}

async function* bodyOf(
  first: Buffer,
  rest: AsyncIterableIterator<Buffer>,
  request: IncomingMessage,
): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
  const failure = request.trailers["lambda-runtime-function-error-type"];
  if (failure !== undefined) throw new Error(`the response ended with an error: ${failure}`);
}
