import { defineDeploy } from "./scripts/deploy/config.ts";

/**
 * What `npm run deploy` deploys. Everything below except `target`, `name`, `gcp` and `aws` may be repeated
 * in the section of a cloud, where it counts for that cloud alone.
 */
export default defineDeploy({
  /** "gcp", "aws" or "both"; `npm run deploy -- --target aws` overrides it. */
  target: "gcp",

  /** What the function is called, and the role and the log group with it: 6 to 30 letters, digits, hyphens. */
  name: "ziplink",

  /** What is served: s3://bucket/prefix, gs://bucket/prefix or https://host/base/. */
  source: process.env.SOURCE ?? "",

  /**
   * Where checksums are kept for other instances: s3://bucket/prefix or gs://bucket/prefix; none if
   * left out.
   */
  // crcStore: "gs://my-bucket/ziplink-checksums",

  /**
   * Where lists of files are kept that are too long for a URL, in the same two forms; not within
   * `source`.
   */
  // manifestStore: "gs://my-bucket/ziplink-manifests",

  /** MiB for each instance. Lambda gives CPU by it: 1,769 are one whole CPU. */
  memory: 1024,

  /**
   * Seconds that a download may take; at least 10 on Lambda. Left out: the platform's most, 3,600
   * on Cloud Run and 900 on Lambda.
   */
  // timeout: 900,

  /** Downloads at once in an instance of Cloud Run. Lambda has one each. */
  concurrency: 20,

  /** Instances at once, which bounds the bill; on Lambda they are reserved. Left out: the platform's limit. */
  // maxInstances: 20,

  /**
   * Secrets: the variable that the service knows, and what its value is called in Secret Manager or, on AWS,
   * in the store that `aws.secretStore` names. LINK_SECRET and API_SECRET are made from random bytes if
   * they are not there; others must be. LINK_JWKS may take the place of LINK_SECRET.
   */
  secrets: { LINK_SECRET: "ziplink-link-secret" },

  /** Origins whose pages may fetch archives; ["*"] for all. */
  cors: [],

  /** Limits of one archive; those left out have the service's defaults (see docs/SETTINGS.md). */
  limits: {
    // maxEntries: 10_000,
    // maxBytes: 1_000_000_000_000,
    // maxResponseBytes: 190_000_000,
  },

  /** Any other setting of the service, by the name that docs/SETTINGS.md has for it. No secrets. */
  environment: {},

  /**
   * Days that logs are kept. Left out: 30 on AWS, and on Google Cloud whatever the project has (30 as it
   * comes). Set, the function has a log bucket of its own there, which `npm run destroy` removes as long as
   * this is set.
   */
  // logRetentionDays: 30,

  /** The address that people see, if a domain or a CDN stands before the function. */
  // publicUrl: "https://files.example.com",

  /** Objects for the test download after a deployment; "" for all. A large archive is not fetched whole. */
  testPrefix: "",

  gcp: {
    /** The project's id. */
    project: process.env.GOOGLE_CLOUD_PROJECT,
    /** Best the bucket's own region: reads within it cost nothing. */
    region: "europe-west1",
    /** As whom the function runs: "create" makes an account that can read the source and the secrets, no more. */
    serviceAccount: "create",
    /** CPUs for each instance. */
    cpu: 1,
    /** As whom Cloud Build builds; left out: the project's default. */
    // buildServiceAccount: "projects/my-project/serviceAccounts/builder@my-project.iam.gserviceaccount.com",
  },

  aws: {
    /** Best the bucket's own region: reads within it cost nothing. */
    region: "eu-central-1",
    /** If set, a deployment into any other account is refused. */
    account: process.env.AWS_ACCOUNT_ID,
    /** As whom the function runs: "create" makes a role that can read the source and the secrets, no more. Or an ARN. */
    role: "create",
    /** "ssm" (Parameter Store, free of charge) or "secretsmanager" (with rotation). */
    secretStore: "ssm",
    /** The key of a bucket that is encrypted with one of yours (SSE-KMS). */
    // kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/…",
    /**
     * A CloudFront distribution before the function: its ARN. The function then answers to it alone. See
     * docs/DEPLOY.md for how to make it, and set `publicUrl` to its address.
     */
    // cloudFront: "arn:aws:cloudfront::123456789012:distribution/E123",
  },
});
