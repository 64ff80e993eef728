import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { createAgents } from "../agents.ts";

/** Which store, as whom, and how many connections to it. */
export interface S3ClientOptions {
  /** Default: what the environment or the instance says. */
  readonly region?: string | undefined;
  /** URL of a store other than AWS's. Default: that of the region. */
  readonly endpoint?: string | undefined;
  /** Name the bucket in the path, not the host name, as many other stores want. Default false. */
  readonly forcePathStyle?: boolean;
  /** Default: looked for where AWS's tools look, the environment first. */
  readonly credentials?: S3ClientConfig["credentials"];
  /** Connections at a time; more requests wait for one. Default 256. */
  readonly maxSockets?: number;
  /** How long to wait for the headers of an answer, in milliseconds. Default 30,000. */
  readonly answerTimeoutMs?: number;
}

/** A client with settings that suit many long reads. */
export function createS3Client(options: S3ClientOptions = {}): S3Client {
  const { region, endpoint, credentials, forcePathStyle = false } = options;
  const { maxSockets = 256, answerTimeoutMs = 30_000 } = options;
  const config: S3ClientConfig = {
    forcePathStyle,
    // Who calls tries again: it knows when to give up and what else waits, and its waiting can be
    // aborted, which the SDK's cannot.
    maxAttempts: 1,
    // A range has no checksum of its own, and other stores do not know those of uploads.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestChecksumCalculation: "WHEN_REQUIRED",
    requestHandler: {
      ...createAgents({ keepAlive: true, maxSockets }),
      connectionTimeout: 5_000,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: 0, // a body may pause for as long as its reader does
    },
  };
  if (region !== undefined) config.region = region;
  if (endpoint !== undefined) config.endpoint = endpoint;
  if (credentials !== undefined) config.credentials = credentials;
  return new S3Client(config);
}
