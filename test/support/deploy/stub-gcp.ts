import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createGcpCloud, type Json, problem } from "./stub-gcp-cloud.ts";

/** A call by gcloud, such as `POST secretmanager/v1/projects/…`, without its query. */
export interface GcpCall {
  readonly action: string;
  /** The body, if it is JSON. */
  readonly input: Json;
}

/** A stub of the APIs that a deployment calls. It keeps what is created, and records each call. */
export interface StubGcp {
  /** The environment that makes gcloud call this stub instead of Google. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: GcpCall[];
  /** The ZIPs of uploaded sources. */
  readonly uploads: Buffer[];
  /** The values of secrets, by name; `""` for a secret without a value. */
  readonly secrets: Map<string, string>;
  /** Makes the next call whose action matches fail. */
  fail(action: RegExp, status: number, message: string): void;
  close(): Promise<void>;
}

const APIS = [
  "artifactregistry",
  "cloudbuild",
  "cloudresourcemanager",
  "iam",
  "logging",
  "run",
  "secretmanager",
  "serviceusage",
  "storage",
];

/**
 * Starts the stub: a proxy for plain HTTP, so that it receives the host names that gcloud uses,
 * including those that begin with a region. `functionUrl` is the URL that is reported for a
 * deployed function.
 */
export async function startStubGcp(functionUrl: () => string): Promise<StubGcp> {
  const calls: GcpCall[] = [];
  const uploads: Buffer[] = [];
  const faults: { action: RegExp; status: number; message: string }[] = [];
  const cloud = createGcpCloud(functionUrl);
  const server = createServer(async (request, response) => {
    const bytes = await buffer(request);
    const url = new URL(request.url ?? "");
    const host = url.hostname.replace(/\.googleapis\.com$/, "");
    const action = `${request.method} ${host}${url.pathname}`;
    const upload = uploaded(bytes);
    const isJson = bytes.length > 0 && upload === undefined;
    const input = isJson ? (JSON.parse(bytes.toString()) as Json) : { size: upload?.length };
    if (upload) uploads.push(upload);
    calls.push({ action, input });
    const index = faults.findIndex((fault) => fault.action.test(action));
    const [fault] = index < 0 ? [] : faults.splice(index, 1);
    const answer = fault
      ? problem(fault.status, fault.message)
      : cloud.answer(action, input, url.searchParams);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const overrides = APIS.map((api) => [
    `CLOUDSDK_API_ENDPOINT_OVERRIDES_${api.toUpperCase()}`,
    `http://${api}.googleapis.com/`,
  ]);
  return {
    env: {
      ...Object.fromEntries(overrides),
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: "true",
      CLOUDSDK_PROXY_TYPE: "http",
      CLOUDSDK_PROXY_ADDRESS: "127.0.0.1",
      CLOUDSDK_PROXY_PORT: String(port),
      http_proxy: `http://127.0.0.1:${port}`,
    },
    calls,
    uploads,
    secrets: cloud.secrets,
    fail: (action, status, message) => void faults.push({ action, status, message }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Returns the ZIP in a multipart upload; `undefined` if the body is something else. */
function uploaded(body: Buffer): Buffer | undefined {
  const boundary = /^--[^\r\n]+/.exec(body.subarray(0, 200).toString("latin1"))?.[0];
  if (boundary === undefined) return undefined;
  const start = body.indexOf("PK\x03\x04", 0, "latin1");
  const end = body.lastIndexOf(boundary);
  const isCrLf = body.subarray(end - 2, end).toString() === "\r\n";
  return body.subarray(start, end - (isCrLf ? 2 : 1));
}
