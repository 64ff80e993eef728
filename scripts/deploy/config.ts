import * as z from "zod";
import { readConfig } from "../../functions/config/config.ts";
import { ConfigError } from "../../functions/config/environment.ts";
import { CommandError } from "../command.ts";

export type Target = "gcp" | "aws";

/** Matches names of variables that hold a secret, which belongs in the cloud's secret store. */
const SECRET_NAMES = /SECRET|PASSWORD|TOKEN|JWKS|(?:^|_)KEY$/;

/**
 * The retention periods that CloudWatch Logs accepts:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
const CLOUDWATCH_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];

/** The maximum duration of a Lambda invocation. Seconds. */
const LAMBDA_SECONDS = 900;
/**
 * The function stops 5 seconds before its time is up, which would be most of a shorter time-out.
 */
const LEAST_LAMBDA_SECONDS = 10;

const variableName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, "is not a valid name of an environment variable");

const bucketUrl = z
  .string()
  .min(1, "is not set")
  .regex(
    /^(?:s3|gs|https?):\/\//,
    "must be s3://bucket/prefix, gs://bucket/prefix or https://host/",
  );

/** A location that the service writes to. */
const writableUrl = z
  .string()
  .regex(/^(?:s3|gs):\/\//, "must be s3://bucket/prefix or gs://bucket/prefix");

/** The settings of both clouds. Sizes are bytes unless stated otherwise. */
const common = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
      "must be 6 to 30 lowercase letters, digits and hyphens, begin with a letter and not end with a hyphen",
    ),
  source: bucketUrl,
  crcStore: writableUrl.optional(),
  manifestStore: writableUrl.optional(),
  memory: z.int().min(256).max(10_240).default(1024),
  timeout: z.int().min(1).max(3600).optional(),
  concurrency: z.int().min(1).max(1000).default(20),
  maxInstances: z.int().min(1).optional(),
  secrets: z
    .record(variableName, z.string().regex(/^[\w/.-]+$/, "is not a valid name of a secret"))
    .refine(
      ({ LINK_SECRET, LINK_JWKS }) => (LINK_SECRET === undefined) !== (LINK_JWKS === undefined),
      "must have LINK_SECRET or LINK_JWKS, and not both",
    ),
  cors: z.array(z.string().min(1)).default([]),
  limits: z
    .strictObject({
      maxEntries: z.int().min(1).optional(),
      maxBytes: z.int().min(1).optional(),
      maxResponseBytes: z.int().min(1).optional(),
    })
    .default({}),
  environment: z.record(variableName, z.string()).default({}),
  logRetentionDays: z.int().min(1).max(3650).optional(),
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  testPrefix: z.string().default(""),
});

const gcp = common.extend({
  project: z.string().regex(/^[a-z][a-z0-9:.-]{4,}[a-z0-9]$/, "must be the id of a project"),
  region: z.string().regex(/^[a-z]+-[a-z]+\d+$/, "must be a region, such as europe-west1"),
  serviceAccount: z.union([
    z.literal("create"),
    z
      .string()
      .regex(
        /^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/,
        'must be "create" or the address of a service account',
      ),
  ]),
  cpu: z.number().min(1).max(8).default(1),
  buildServiceAccount: z.string().min(1).optional(),
});

const aws = common.extend({
  region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "must be a region, such as eu-central-1"),
  account: z
    .string()
    .regex(/^\d{12}$/, "must be an account number of 12 digits")
    .optional(),
  role: z.union([
    z.literal("create"),
    z.string().regex(/^arn:[\w-]+:iam::\d{12}:role\/.+$/, 'must be "create" or the ARN of a role'),
  ]),
  secretStore: z.enum(["ssm", "secretsmanager"]).default("ssm"),
  kmsKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:.+$/, "must be the ARN of a key")
    .optional(),
  cloudFront: z
    .string()
    .regex(/^arn:[\w-]+:cloudfront::\d{12}:distribution\/\w+$/, "must be the ARN of a distribution")
    .optional(),
});

const targets = z.enum(["gcp", "aws", "both"], { error: 'must be "gcp", "aws" or "both"' });

/**
 * The settings of a deployment to Google Cloud: the shared ones, overridden by those of its
 * section.
 */
export type GcpConfig = z.infer<typeof gcp> & { readonly target: "gcp" };
/** The settings of a deployment to AWS, likewise. */
export type AwsConfig = z.infer<typeof aws> & { readonly target: "aws" };

/** The settings of a section. A setting that is present but undefined counts as left out. */
type Section<T extends z.ZodType> = {
  readonly [K in keyof z.input<T>]?: z.input<T>[K] | undefined;
};

/**
 * The settings as written. A section is checked only if its cloud is a target, so that the other
 * section may be incomplete.
 */
export type DeployInput = z.input<typeof common> & {
  readonly target: z.infer<typeof targets>;
  readonly gcp?: Section<typeof gcp>;
  readonly aws?: Section<typeof aws>;
};

/**
 * Checks all settings, including those of the service, for `target` or else for the targets that
 * the file names. Throws a `CommandError` that names each wrong setting and the reason, and quotes
 * no value.
 */
export function readDeployConfig(input: DeployInput, target?: string): (GcpConfig | AwsConfig)[] {
  const { target: named, gcp: gcpSection, aws: awsSection, ...shared } = input;
  const chosen = parse(targets, target ?? named, "target");
  const both: Target[] = ["gcp", "aws"];
  const configs = (chosen === "both" ? both : [chosen]).map((each): GcpConfig | AwsConfig =>
    each === "gcp"
      ? { ...parse(gcp, { ...shared, ...defined(gcpSection) }, "gcp"), target: "gcp" }
      : { ...parse(aws, { ...shared, ...defined(awsSection) }, "aws"), target: "aws" },
  );
  for (const config of configs) check(config);
  return configs;
}

function defined(section: object = {}): object {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined));
}

function parse<T extends z.ZodType>(type: T, input: unknown, section: string): z.infer<T> {
  const result = type.safeParse(input);
  if (result.success) return result.data;
  throw wrong(
    result.error.issues.map(({ path, message }) => {
      const [first = ""] = path;
      const isShared = String(first) in common.shape;
      const name = (isShared ? path : [section, ...path]).join(".");
      return /received undefined/.test(message) ? `${name} is not set` : `${name}: ${message}`;
    }),
  );
}

/** Checks the rules that span several settings, and the service's own rules for its settings. */
function check(config: GcpConfig | AwsConfig): void {
  const problems: string[] = [];
  const { target, environment, secrets, timeout = LAMBDA_SECONDS, logRetentionDays = 30 } = config;
  for (const name of Object.keys(environment)) {
    if (SECRET_NAMES.test(name)) problems.push(`environment.${name}: must be set in secrets`);
    if (name in secrets) problems.push(`environment.${name}: is already set in secrets`);
  }
  const reserved = target === "aws" ? /^AWS_|^_/ : /^(?:PORT$|K_)/;
  for (const [section, variables] of Object.entries({ environment, secrets })) {
    for (const name of Object.keys(variables)) {
      if (reserved.test(name)) problems.push(`${section}.${name}: is reserved for the platform`);
    }
  }
  if (target === "aws" && timeout > LAMBDA_SECONDS) {
    problems.push(`timeout: must be ${LAMBDA_SECONDS} or less on Lambda`);
  }
  if (target === "aws" && timeout < LEAST_LAMBDA_SECONDS) {
    problems.push(
      `timeout: must be ${LEAST_LAMBDA_SECONDS} or more on Lambda, where downloads stop 5 seconds earlier`,
    );
  }
  if (target === "aws" && !CLOUDWATCH_DAYS.includes(logRetentionDays)) {
    problems.push(`logRetentionDays: CloudWatch Logs accepts only ${CLOUDWATCH_DAYS.join(", ")}`);
  }
  if (target === "gcp" && Object.values(secrets).some((name) => !/^[\w-]+$/.test(name))) {
    problems.push(
      "secrets: names in Secret Manager may have letters, digits, hyphens and underscores only",
    );
  }
  if (problems.length > 0) throw wrong(problems);
  const placeholders = Object.keys(secrets).map((name) => [name, placeholder(name)]);
  try {
    readConfig({ ...serviceEnvironment(config), ...Object.fromEntries(placeholders) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(`deploy.config.ts for ${target}: ${error.message}`, { cause: error });
  }
}

/**
 * Returns a placeholder for a secret: a different one for each, since keys must differ, and of
 * characters that a bearer token may have.
 */
function placeholder(name: string): string {
  const secret = name.padEnd(32, "_");
  if (!name.endsWith("_JWKS")) return secret;
  return JSON.stringify({ keys: [{ kty: "oct", k: Buffer.from(secret).toString("base64url") }] });
}

function wrong(problems: readonly string[]): CommandError {
  const lines = problems.map((problem) => `  ${problem}`);
  return new CommandError(["Invalid settings in deploy.config.ts:", ...lines].join("\n"));
}

/**
 * Returns the function's environment variables, without its secrets, under the service's names for
 * them.
 */
export function serviceEnvironment(config: GcpConfig | AwsConfig): Record<string, string> {
  const { source, crcStore, manifestStore, cors, limits, environment } = config;
  const variables: Readonly<Record<string, string | number | undefined>> = {
    // By default, the young generation grows, which takes memory and saves no time; see
    // docs/DECISIONS.md.
    NODE_OPTIONS: "--max-semi-space-size=8",
    SOURCE: source,
    CRC_STORE: crcStore,
    MANIFEST_STORE: manifestStore,
    PUBLIC_URL: config.publicUrl,
    // Cloud Logging links a log line to its trace only if the line names the project.
    GOOGLE_CLOUD_PROJECT: config.target === "gcp" ? config.project : undefined,
    CORS_ORIGINS: cors.length > 0 ? cors.join(",") : undefined,
    MAX_ENTRIES: limits.maxEntries,
    MAX_BYTES: limits.maxBytes,
    MAX_RESPONSE_BYTES: limits.maxResponseBytes,
    ...environment,
  };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
}
