import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestUpstream,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import {
  type Fault,
  type FaultChooser,
  type FaultKind,
  identify,
  type ProxiedRequest,
} from "./faults.ts";

/**
 * An HTTP proxy in front of a store. Requests are passed on unchanged, including `Host`, so that
 * their signatures stay valid. Answers are passed back unchanged except for the faults. A fault
 * that does not apply to an answer, such as one in the body of an answer to HEAD, is skipped.
 */
export interface FaultProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Chooses the fault of each further answer; by default none. */
  fault: FaultChooser;
  /** Called when a fault takes effect, before the client can notice. */
  onFault: (fault: Fault, request: ProxiedRequest) => void;
  /** Number of times each kind of fault has taken effect. */
  readonly applied: Readonly<Record<FaultKind, number>>;
  requestCount(): number;
  /** Returns the number of clients' connections, including idle ones. */
  openConnections(): number;
  /** Returns the number of requests whose answer was neither sent completely nor abandoned. */
  openRequests(): number;
  /** Resolves once there are no open requests. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy in front of `target`, such as `http://127.0.0.1:7480`. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const clients = new Set<Socket>();
  const repeated = new Map<string, { fault: Fault; left: number }>();
  const applied: Record<FaultKind, number> = {
    status: 0,
    reset: 0,
    close: 0,
    stall: 0,
    slow: 0,
    short: 0,
    wrongRange: 0,
    corrupt: 0,
    drop: 0,
  };
  let requestCount = 0;
  let openRequests = 0;
  let idle = Promise.withResolvers<void>();
  idle.resolve();

  function choose(request: ProxiedRequest): Fault | undefined {
    const identity = identify(request);
    const repeat = repeated.get(identity);
    if (repeat !== undefined && repeat.left > 0) {
      repeat.left--;
      return repeat.fault;
    }
    const fault = proxy.fault(request);
    if (fault?.kind === "status") repeated.set(identity, { fault, left: (fault.times ?? 1) - 1 });
    return fault;
  }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = incoming;
    const request = { index: requestCount++, method, url, range: incoming.headers.range };
    const fault = choose(request);
    const take = () => {
      if (fault === undefined) return;
      applied[fault.kind]++;
      proxy.onFault(fault, request);
    };
    if (fault?.kind === "drop" || fault?.kind === "status") {
      // Closing a connection with unread bytes would reset it.
      for await (const _ of incoming);
      take();
      if (fault.kind === "drop") incoming.socket.end();
      else answerStatus(response, fault.status, fault.retryAfter);
      return;
    }
    const upstream = await forward(incoming, response, target, agent);
    const altered = fault && alter(upstream, method, fault);
    const { body, rawHeaders, ending } = altered ?? unaltered(upstream);
    if (altered && ending === "end") take();
    response.sendDate = false;
    response.writeHead(upstream.statusCode ?? 0, upstream.statusMessage, [...rawHeaders]);
    response.flushHeaders();
    if (!(await send(body, response))) return;
    if (ending === "end") {
      response.end();
      return;
    }
    take();
    upstream.destroy();
    if (ending === "close") incoming.socket.end();
    if (ending === "reset") incoming.socket.resetAndDestroy();
  }

  const server = createServer((incoming, response) => {
    if (openRequests++ === 0) idle = Promise.withResolvers();
    response.once("close", () => {
      if (--openRequests === 0) idle.resolve();
    });
    // If the store itself fails, the client's connection ends too.
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.on("connection", (socket: Socket) => {
    clients.add(socket);
    socket.once("close", () => clients.delete(socket));
  });
  // Only faults close connections.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => undefined,
    onFault: () => undefined,
    applied,
    requestCount: () => requestCount,
    openConnections: () => clients.size,
    openRequests: () => openRequests,
    idle: () => idle.promise,
    async close() {
      for (const socket of clients) socket.destroy();
      agent.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}

function answerStatus(
  response: ServerResponse,
  status: number,
  retryAfter: number | string | undefined,
): void {
  response.statusCode = status;
  if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
  response.end();
}

/**
 * Forwards the request, and returns the store's answer. If the client disconnects, the request to
 * the store ends too.
 */
async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  target: string,
  agent: Agent,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(target);
  const outgoing = requestUpstream({
    agent,
    hostname,
    port,
    method: incoming.method,
    path: incoming.url,
    headers: incoming.rawHeaders,
  });
  response.once("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  // A store that ends early is noticed where its body is read.
  for (const stream of [outgoing, answer]) stream.on("error", () => undefined);
  return answer;
}

interface Altered {
  readonly body: AsyncIterable<Buffer>;
  /** Names and values, alternating. */
  readonly rawHeaders: readonly string[];
  /** How the connection goes on after the body. */
  readonly ending: "end" | "close" | "reset" | "stall";
}

function unaltered(answer: IncomingMessage): Altered {
  return { body: answer, rawHeaders: answer.rawHeaders, ending: "end" };
}

/** Returns the answer with a fault in its body; `undefined` if the fault does not apply. */
function alter(answer: IncomingMessage, method: string, fault: Fault): Altered | undefined {
  const { "content-length": lengthHeader, "content-range": range = "" } = answer.headers;
  const length = lengthHeader === undefined ? Number.POSITIVE_INFINITY : Number(lengthHeader);
  const isBodiless = answer.statusCode === 204 || answer.statusCode === 304;
  if (method === "HEAD" || isBodiless || length === 0) return undefined;
  const sent = unaltered(answer);
  const [first = Number.NaN, last = Number.NaN, size = Number.NaN] = (
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range)?.slice(1) ?? []
  ).map(Number);
  switch (fault.kind) {
    case "reset":
    case "close":
    case "stall":
      if (fault.afterBytes >= length) return undefined;
      return { ...sent, body: take(answer, fault.afterBytes), ending: fault.kind };
    case "slow":
      return { ...sent, body: slice(answer, fault.bytesPerChunk) };
    case "corrupt":
      return { ...sent, body: flip(answer) };
    case "short": {
      const left = length - fault.missingBytes;
      // A part has at least one byte; Content-Range cannot describe an empty one.
      if (lengthHeader === undefined || left < (range === "" ? 0 : 1)) return undefined;
      return {
        ...sent,
        body: take(answer, left),
        rawHeaders: replace(answer.rawHeaders, {
          "content-length": String(left),
          "content-range": `bytes ${first}-${first + left - 1}/${size}`,
        }),
      };
    }
    case "wrongRange": {
      const shift = last + 1 < size ? 1 : -1;
      if (answer.statusCode !== 206 || !(first + shift >= 0)) return undefined;
      return {
        ...sent,
        body: shift === 1 ? append(skipOne(answer)) : take(prepend(answer), last - first + 1),
        rawHeaders: replace(answer.rawHeaders, {
          "content-range": `bytes ${first + shift}-${last + shift}/${size}`,
        }),
      };
    }
    case "status":
    case "drop":
      return undefined;
  }
}

/**
 * Returns `rawHeaders` with the values of those present that are named, in lower case, in `values`.
 */
function replace(rawHeaders: readonly string[], values: Readonly<Record<string, string>>) {
  return rawHeaders.map((item, i) => {
    const name = rawHeaders[i - 1]?.toLowerCase() ?? "";
    return i % 2 === 1 ? (values[name] ?? item) : item;
  });
}

/**
 * Writes each chunk once the previous one has been sent. Returns false if the client disconnected
 * before the end.
 */
async function send(body: AsyncIterable<Buffer>, response: ServerResponse): Promise<boolean> {
  const closed = once(response, "close");
  for await (const chunk of body) {
    const written = new Promise((resolve) => response.write(chunk, resolve));
    await Promise.race([written, closed]);
    if (response.destroyed) return false;
  }
  return true;
}

async function* take(body: AsyncIterable<Buffer>, count: number) {
  let left = count;
  if (left === 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}

/** Slices a body. A turn of the event loop between two chunks keeps them apart on the wire. */
async function* slice(body: AsyncIterable<Buffer>, length: number) {
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += length) {
      yield chunk.subarray(at, at + length);
      await setImmediate();
    }
  }
}

async function* flip(body: AsyncIterable<Buffer>) {
  let done = false;
  for await (const chunk of body) {
    if (!done) chunk.writeUInt8(chunk.readUInt8(0) ^ 1, 0);
    done = true;
    yield chunk;
  }
}

async function* skipOne(body: AsyncIterable<Buffer>) {
  let skipped = 0;
  for await (const chunk of body) {
    yield chunk.subarray(1 - skipped);
    skipped = 1;
  }
}

async function* append(body: AsyncIterable<Buffer>) {
  yield* body;
  yield Buffer.alloc(1);
}

async function* prepend(body: AsyncIterable<Buffer>) {
  yield Buffer.alloc(1);
  yield* body;
}
