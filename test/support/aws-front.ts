import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { GetObjectCommand, HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { encodeCrc32 } from "../../adapters/s3/facts.ts";
import { combineCrc32, crc32 } from "../../core/bytes/crc32.ts";

/**
 * radosgw with the features of multipart uploads that AWS documents and radosgw lacks: a CRC-32 of each part and
 * of the whole object, the object's size, and preconditions of completing and deleting.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export interface AwsFront {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Number of bytes of the received parts. */
  received: number;
  /** The received requests: method, and path with query. */
  readonly requests: string[];
  /** Carries out the next matching request, but loses its response. */
  loseAnswer(match: RegExp): void;
  /** Stores the next part with one byte changed. */
  damageNextPart(): void;
  close(): Promise<void>;
}

interface Part {
  readonly crc: number;
  readonly size: number;
}

/** @param client a client of the radosgw itself, for reading objects */
export async function startAwsFront(target: string, client: S3Client): Promise<AwsFront> {
  const { hostname, port } = new URL(target);
  const uploads = new Map<string, Map<number, Part>>();
  const objects = new Map<string, { readonly crc: number; readonly etag: string | undefined }>();
  const lost: RegExp[] = [];
  let isDamaging = false;
  let completing: Promise<unknown> = Promise.resolve();

  async function forward(incoming: IncomingMessage, body: Buffer) {
    const { method, url: path, headers } = incoming;
    const passedOn = request({ hostname, port, method, path, headers });
    passedOn.end(body);
    const [answer] = (await once(passedOn, "response")) as [IncomingMessage];
    return {
      status: answer.statusCode ?? 502,
      headers: answer.headers,
      body: await buffer(answer),
    };
  }

  const head = async (Bucket: string, Key: string) => {
    return client.send(new HeadObjectCommand({ Bucket, Key })).catch(() => undefined);
  };

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "", headers } = incoming;
    const url = new URL(incoming.url ?? "", "http://localhost");
    const [, Bucket = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const Key = rest.join("/");
    const id = url.searchParams.get("uploadId");
    let body = await buffer(incoming);
    const number = Number(url.searchParams.get("partNumber"));
    const isPart = method === "PUT" && id !== null && number > 0;
    const copied = headers["x-amz-copy-source"];

    if (isPart && copied === undefined) {
      front.received += body.length;
      if (isDamaging) {
        isDamaging = false;
        body = Buffer.from(body);
        body[0] = ((body[0] ?? 0) + 1) & 255;
      }
      const stated = headers["x-amz-checksum-crc32"];
      if (stated !== encodeCrc32(crc32(body))) return refuse(outgoing, 400, "BadDigest");
    }
    if (method === "POST" && id !== null) {
      const parts = [...(uploads.get(id) ?? [])].sort(([a], [b]) => a - b).map(([, part]) => part);
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      const crc = parts.reduce((sum, part) => combineCrc32(sum, part.crc, part.size), 0);
      const found = await head(Bucket, Key);
      const wanted = headers["if-match"];
      if (headers["if-none-match"] === "*" && found) {
        return refuse(outgoing, 412, "PreconditionFailed");
      }
      if (wanted !== undefined && found?.ETag !== wanted) {
        return refuse(outgoing, found ? 412 : 404, found ? "PreconditionFailed" : "NoSuchKey");
      }
      const wrong = headers["x-amz-checksum-crc32"] !== encodeCrc32(crc);
      const wrongSize = headers["x-amz-mp-object-size"] !== String(size);
      if (uploads.has(id) && (wrong || wrongSize)) return refuse(outgoing, 400, "BadDigest");
      const result = await forward(incoming, body);
      if (result.status === 200) {
        objects.set(`${Bucket}/${Key}`, { crc, etag: (await head(Bucket, Key))?.ETag });
        uploads.delete(id);
      }
      return send(incoming, outgoing, result);
    }
    if (method === "DELETE" && headers["if-match"] !== undefined && id === null) {
      const found = await head(Bucket, Key);
      if (found?.ETag !== headers["if-match"]) return refuse(outgoing, 412, "PreconditionFailed");
    }
    const sourceVersion = headers["x-amz-copy-source-if-match"];
    if (copied !== undefined && sourceVersion !== undefined) {
      const [from = "", ...key] = decodeURIComponent(String(copied)).split("/");
      const found = await head(from, key.join("/"));
      if (found?.ETag !== sourceVersion) return refuse(outgoing, 412, "PreconditionFailed");
    }
    const result = await forward(incoming, body);
    if (method === "POST" && url.searchParams.has("uploads")) {
      const [, made] = /<UploadId>([^<]+)</.exec(String(result.body)) ?? [];
      if (made && headers["x-amz-checksum-type"] === "FULL_OBJECT") uploads.set(made, new Map());
    }
    if (isPart && result.status === 200) {
      const bytes = copied === undefined ? body : await readCopied(String(copied), headers);
      const crc = crc32(bytes);
      uploads.get(id)?.set(number, { crc, size: bytes.length });
      result.headers["x-amz-checksum-crc32"] = encodeCrc32(crc);
      if (copied !== undefined) addToXml(result, "</CopyPartResult>", crc);
    }
    if (method === "GET" && id !== null && result.status === 200) {
      const xml = String(result.body).replaceAll(/<Part>.*?<\/Part>/gs, (part) => {
        const listed = Number(/<PartNumber>(\d+)</.exec(part)?.[1]);
        const known = uploads.get(id)?.get(listed);
        const tag = known && `<ChecksumCRC32>${encodeCrc32(known.crc)}</ChecksumCRC32></Part>`;
        return tag ? part.replace("</Part>", tag) : part;
      });
      setBody(result, xml);
    }
    if (method === "HEAD" && result.status === 200) {
      const known = objects.get(`${Bucket}/${Key}`);
      if (known?.etag === result.headers.etag && known) {
        result.headers["x-amz-checksum-crc32"] = encodeCrc32(known.crc);
        result.headers["x-amz-checksum-type"] = "FULL_OBJECT";
      }
    }
    return send(incoming, outgoing, result);
  }

  async function readCopied(source: string, headers: IncomingMessage["headers"]) {
    const [Bucket, ...rest] = decodeURIComponent(source).split("/");
    const Range = headers["x-amz-copy-source-range"];
    const command = new GetObjectCommand({
      Bucket,
      Key: rest.join("/"),
      ...(typeof Range === "string" && { Range }),
    });
    return Buffer.from((await (await client.send(command)).Body?.transformToByteArray()) ?? []);
  }

  function send(
    { method, url }: IncomingMessage,
    outgoing: ServerResponse,
    result: Awaited<ReturnType<typeof forward>>,
  ): void {
    const index = lost.findIndex((match) => match.test(`${method} ${url}`));
    if (index >= 0) {
      lost.splice(index, 1);
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(result.status, result.headers).end(result.body);
  }

  const server = createServer((incoming, outgoing) => {
    front.requests.push(`${incoming.method} ${incoming.url}`);
    const isCompletion = incoming.method === "POST" && incoming.url?.includes("uploadId=");
    const work = () =>
      answer(incoming, outgoing).catch(() => {
        outgoing.destroy();
      });
    // AWS checks preconditions and publishes the object in one atomic step.
    if (isCompletion) completing = completing.then(work);
    else void work();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const front: AwsFront = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: 0,
    requests: [],
    loseAnswer: (match) => void lost.push(match),
    damageNextPart: () => {
      isDamaging = true;
    },
    async close() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
  return front;
}

interface Result {
  headers: IncomingMessage["headers"];
  body: Buffer;
}

function addToXml(result: Result, before: string, crc: number): void {
  const tag = `<ChecksumCRC32>${encodeCrc32(crc)}</ChecksumCRC32>`;
  setBody(result, String(result.body).replace(before, tag + before));
}

function setBody(result: Result, text: string): void {
  result.body = Buffer.from(text);
  delete result.headers["transfer-encoding"];
  result.headers["content-length"] = String(result.body.length);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function refuse(outgoing: ServerResponse, status: number, code: string): void {
  outgoing.writeHead(status, { "content-type": "application/xml" });
  outgoing.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  );
}
