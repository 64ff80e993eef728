import { createHash } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { createGcsBucket, createGcsSource } from "../../adapters/gcs/source.ts";
import { createHttpSource } from "../../adapters/http/source.ts";
import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3Source } from "../../adapters/s3/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { startStub } from "./http-stub.ts";

/** An object of a stub. */
export interface StubObject {
  readonly bytes: Buffer;
  readonly contentEncoding?: string;
  /** Header fields of its answers, in addition to the usual ones; S3 and HTTP only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields of its metadata, in addition to the usual ones; Cloud Storage only. */
  readonly metadata?: object;
  /** The status, the code and the message with which reads of its bytes are refused. */
  readonly refusal?: readonly [status: number, code: string, message?: string] | undefined;
  /** Whether HEAD is refused with the same status, but without a body. */
  readonly refusesHead?: boolean;
  /** The storage class that S3 states. */
  readonly storageClass?: string;
}

/** A store over HTTP with the given objects, whose answers a test may replace. */
export interface StoreStub {
  readonly source: BlobSource;
  readonly objects: Map<string, StubObject>;
  /** Each request so far. */
  readonly requests: StubRequest[];
  /** Answers a request instead of the store; returns whether it did. */
  fault: (request: StubRequest, response: ServerResponse) => boolean;
}

/** A request to a stub. */
export interface StubRequest {
  readonly what: "stat" | "list" | "read";
  /** `""` for a listing. */
  readonly key: string;
  readonly acceptEncoding: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

type Answering = (request: StubRequest, response: ServerResponse) => void;

const MODIFIED = new Date("2026-01-02T03:04:05Z");

async function startStore(
  identify: (url: URL, method: string) => Pick<StubRequest, "what" | "key">,
  answering: (objects: Map<string, StubObject>) => Answering,
) {
  const objects = new Map<string, StubObject>();
  const answer = answering(objects);
  const requests: StubRequest[] = [];
  const listener: RequestListener = ({ url = "", method = "", headers }, response) => {
    const parsed = new URL(url, "http://store");
    const acceptEncoding = String(headers["accept-encoding"] ?? "");
    const request = {
      ...identify(parsed, method),
      acceptEncoding,
      query: parsed.searchParams,
      headers,
    };
    requests.push(request);
    if (!store.fault(request, response)) answer(request, response);
  };
  const stub = await startStub(listener);
  const store: Omit<StoreStub, "source"> = { objects, requests, fault: () => false };
  return { store, origin: stub.origin };
}

/** The path's parts behind the first `skip`, as a key. */
const keyOf = ({ pathname }: URL, skip: number) =>
  decodeURIComponent(pathname.split("/").slice(skip).join("/"));

export async function startS3Store({
  describesListed = false,
  requesterPays = false,
} = {}): Promise<StoreStub> {
  const { store, origin } = await startStore(
    (url, method) => {
      if (url.searchParams.has("list-type")) return { what: "list", key: "" };
      return { what: method === "HEAD" ? "stat" : "read", key: keyOf(url, 2) };
    },
    (objects) => (request, response) => {
      if (request.what === "list") return sendXml(response, objects);
      return sendObject(request, response, objects.get(request.key), true);
    },
  );
  const client = createS3Client({
    region: "us-east-1",
    endpoint: origin,
    forcePathStyle: true,
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    requesterPays,
  });
  onTestFinished(() => client.destroy());
  return Object.assign(store, {
    source: createS3Source({ client, bucket: "bucket", describesListed }),
  });
}

/** Like S3's, but without listings. */
export async function startHttpStore(): Promise<StoreStub> {
  const { store, origin } = await startStore(
    (url, method) => ({ what: method === "HEAD" ? "stat" : "read", key: keyOf(url, 1) }),
    (objects) => (request, response) =>
      sendObject(request, response, objects.get(request.key), false),
  );
  return Object.assign(store, { source: createHttpSource({ base: origin }) });
}

export async function startGcsStore({
  userProject,
}: {
  readonly userProject?: string | undefined;
} = {}): Promise<StoreStub> {
  const { store, origin } = await startStore(
    (url) => {
      const key = keyOf(url, 6);
      if (key === "") return { what: "list", key };
      return { what: url.searchParams.get("alt") === "media" ? "read" : "stat", key };
    },
    (objects) => (request, response) => {
      const items = [...objects].map(([name, object]) => toResource(name, object));
      const object = objects.get(request.key);
      if (request.what === "read") sendObject(request, response, object, true);
      else if (request.what === "list") sendJson(response, { items });
      else if (object) sendJson(response, toResource(request.key, object));
      else response.writeHead(404).end("{}");
    },
  );
  const payer = userProject === undefined ? {} : { userProject };
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: origin, ...payer });
  return Object.assign(store, { source: createGcsSource({ bucket }) });
}

const etagOf = ({ bytes }: StubObject) => `"${createHash("md5").update(bytes).digest("hex")}"`;

/** @param unpacks whether gzip is unpacked for clients that do not accept it, as some stores do */
function sendObject(
  { what, headers: { range }, acceptEncoding }: StubRequest,
  response: ServerResponse,
  object: StubObject | undefined,
  unpacks: boolean,
): void {
  const isHead = what === "stat";
  if (!object) return void response.writeHead(404).end();
  if (object.refusal && (!isHead || object.refusesHead)) {
    const [status, code, message = ""] = object.refusal;
    const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return void response.writeHead(status).end(isHead ? undefined : body);
  }
  const { bytes, contentEncoding, storageClass, headers } = object;
  response.setHeader("last-modified", MODIFIED.toUTCString());
  response.setHeader("etag", etagOf(object));
  if (storageClass !== undefined) response.setHeader("x-amz-storage-class", storageClass);
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  if (unpacks && contentEncoding === "gzip" && !acceptEncoding.includes("gzip")) {
    // Of another length, which is not known before, and without ranges.
    return void response.writeHead(200).end(isHead ? undefined : gunzipSync(bytes));
  }
  if (contentEncoding !== undefined) response.setHeader("content-encoding", contentEncoding);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  const [start, end] = first
    ? [Number(first), Math.min(Number(last) + 1, bytes.length)]
    : [0, bytes.length];
  if (first) response.setHeader("content-range", `bytes ${start}-${end - 1}/${bytes.length}`);
  response.writeHead(first ? 206 : 200, { "content-length": end - start });
  response.end(isHead ? undefined : bytes.subarray(start, end));
}

function sendXml(response: ServerResponse, objects: ReadonlyMap<string, StubObject>): void {
  const contents = [...objects].map(
    ([key, object]) =>
      `<Contents><Key>${key}</Key><Size>${object.bytes.length}</Size><ETag>${etagOf(object)}</ETag>` +
      `<LastModified>${MODIFIED.toISOString()}</LastModified>` +
      `<StorageClass>${object.storageClass ?? "STANDARD"}</StorageClass></Contents>`,
  );
  response.end(
    `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`,
  );
}

const toResource = (name: string, { bytes, contentEncoding, metadata }: StubObject) => ({
  name,
  size: String(bytes.length),
  generation: "1",
  timeCreated: MODIFIED.toISOString(),
  ...(contentEncoding === undefined ? {} : { contentEncoding }),
  ...metadata,
});

function sendJson(response: ServerResponse, body: object): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}
