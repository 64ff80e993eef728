import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { createAgents } from "../agents.ts";

/** The store, its credentials, and the number of connections to it. */
export interface S3ClientOptions {
  /** Default: the region of the environment or the instance. */
  readonly region?: string | undefined;
  /** URL of a store other than AWS's. Default: that of the region. */
  readonly endpoint?: string | undefined;
  /**
   * Whether to put the bucket's name in the path instead of the host name, as many other stores
   * require. Default false.
   */
  readonly forcePathStyle?: boolean;
  /** Default: found where AWS's tools look, beginning with the environment. */
  readonly credentials?: S3ClientConfig["credentials"];
  /** Maximum number of connections; further requests wait for one. Default 256. */
  readonly maxSockets?: number;
  /**
   * Whether the client's account pays for its requests, which a bucket with Requester Pays asks of it.
   * Default false: such a bucket then refuses it.
   */
  readonly requesterPays?: boolean;
  /** The time limit for the headers of a response. Milliseconds, default 30,000. */
  readonly answerTimeoutMs?: number;
}

/** Creates a client with settings that suit many long reads. */
export function createS3Client(options: S3ClientOptions = {}): S3Client {
  const { region, endpoint, credentials, forcePathStyle = false } = options;
  const { maxSockets = 256, answerTimeoutMs = 30_000 } = options;
  const config: S3ClientConfig = {
    forcePathStyle,
    // The caller retries instead: it knows when to give up and what else is waiting, and its wait
    // can be aborted, unlike the SDK's.
    maxAttempts: 1,
    // A range has no checksum of its own, and other stores do not support those of uploads.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestChecksumCalculation: "WHEN_REQUIRED",
    requestHandler: {
      ...createAgents({ keepAlive: true, maxSockets }),
      connectionTimeout: 5_000,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: 0, // a body may pause as long as its reader does
    },
  };
  if (region !== undefined) config.region = region;
  if (endpoint !== undefined) config.endpoint = endpoint;
  if (credentials !== undefined) config.credentials = credentials;
  const client = new S3Client(config);
  if (options.requesterPays) payForRequests(client);
  return client;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html */
function payForRequests(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers["x-amz-request-payer"] = "requester";
      return next(args);
    },
    { step: "build", name: "payForRequests" }, // before the request is signed
  );
}
