import type { DeployInput } from "./scripts/deploy/config.ts";

/**
 * The settings of `npm run deploy`. Every setting except `target`, `name`, `gcp` and `aws` may be
 * repeated in the section of a cloud, where it overrides the shared one for that cloud.
 */
export default {
  /** "gcp", "aws" or "both"; `npm run deploy -- --target aws` overrides it. */
  target: "gcp",

  /**
   * The name of the function, and of its role and log group: 6 to 30 lowercase letters, digits and
   * hyphens.
   */
  name: "ziplink",

  /**
   * The location of the files to serve: s3://bucket/prefix, gs://bucket/prefix or
   * https://host/base/.
   */
  source: process.env.SOURCE ?? "",

  /**
   * Where instances share checksums: s3://bucket/prefix or gs://bucket/prefix. Default: they are
   * not shared.
   */
  // crcStore: "gs://my-bucket/ziplink-checksums",

  /**
   * Where lists of files too long for a URL are kept: the same two forms. Must not be within
   * `source`.
   */
  // manifestStore: "gs://my-bucket/ziplink-manifests",

  /** Memory of an instance, in MiB. Lambda assigns CPU by memory: 1,769 MiB give one full CPU. */
  memory: 1024,

  /**
   * Maximum duration of a download, in seconds; at least 10 on Lambda. Default: the platform's
   * maximum, 3,600 on Cloud Run and 900 on Lambda.
   */
  // timeout: 900,

  /**
   * Concurrent downloads in an instance of Cloud Run. On Lambda, an instance serves one at a time.
   */
  concurrency: 20,

  /**
   * Maximum number of instances, which bounds the bill; on Lambda they are reserved. Default: the
   * platform's limit.
   */
  // maxInstances: 20,

  /**
   * Secrets: the service's variable, and the name of its value in Secret Manager or, on AWS, in the
   * store that `aws.secretStore` selects. LINK_SECRET and API_SECRET are generated from random
   * bytes if they do not exist; others must exist. LINK_JWKS may replace LINK_SECRET.
   */
  secrets: { LINK_SECRET: "ziplink-link-secret" },

  /** Origins whose pages may fetch archives; ["*"] for all. */
  cors: [],

  /** Limits of one archive. Each defaults to the service's own default (see docs/SETTINGS.md). */
  limits: {
    // maxEntries: 10_000,
    // maxBytes: 1_000_000_000_000,
    // maxResponseBytes: 190_000_000,
  },

  /** Any other settings of the service, by their names in docs/SETTINGS.md. No secrets. */
  environment: {},

  /**
   * Days that logs are kept. Default: 30 on AWS; on Google Cloud, the project's setting (initially
   * 30). If set, the function gets its own log bucket on Google Cloud. `npm run destroy` removes
   * that bucket only while this is set.
   */
  // logRetentionDays: 30,

  /** The public address, if a domain or a CDN is in front of the function. */
  // publicUrl: "https://files.example.com",

  /**
   * Prefix of the objects for the test download after a deployment; "" for all. A large archive is
   * not fetched whole.
   */
  testPrefix: "",

  gcp: {
    /** The id of the project. */
    project: process.env.GOOGLE_CLOUD_PROJECT,
    /** Preferably the region of the bucket: reads within a region are free. */
    region: "europe-west1",
    /**
     * The function's service account. "create" creates one that can read the source and the secrets
     * and write to `crcStore` and `manifestStore`, no more. Or the address of an account.
     */
    serviceAccount: "create",
    /** CPUs for each instance. */
    cpu: 1,
    /** The service account that Cloud Build uses. Default: the project's. */
    // buildServiceAccount: "projects/my-project/serviceAccounts/builder@my-project.iam.gserviceaccount.com",
  },

  aws: {
    /** Preferably the region of the bucket: reads within a region are free. */
    region: "eu-central-1",
    /** If set, deployments to any other account are refused. */
    account: process.env.AWS_ACCOUNT_ID,
    /**
     * The function's role. "create" creates one that can read the source and the secrets, write to
     * `crcStore` and `manifestStore` and write its log, no more. Or the ARN of a role.
     */
    role: "create",
    /** "ssm" (Parameter Store, free of charge) or "secretsmanager" (with rotation). */
    secretStore: "ssm",
    /** The key of a bucket encrypted with a key of yours (SSE-KMS). */
    // kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/…",
    /**
     * The ARN of a CloudFront distribution in front of the function, which then answers to it
     * alone. See docs/DEPLOY.md for how to create it, and set `publicUrl` to its address.
     */
    // cloudFront: "arn:aws:cloudfront::123456789012:distribution/E123",
  },
} satisfies DeployInput;
