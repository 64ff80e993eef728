import * as z from "zod";
import { readConfig } from "../../functions/config/config.ts";
import { ConfigError } from "../../functions/config/environment.ts";
import { CommandError } from "../command.ts";

export type Target = "gcp" | "aws";

/** Names of variables that hold a secret, which belongs in the cloud's secret store. */
const SECRET_NAMES = /SECRET|PASSWORD|TOKEN|JWKS|(?:^|_)KEY$/;

/** Periods that CloudWatch Logs knows: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const CLOUDWATCH_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];

/** Seconds that Lambda lets an invocation take. */
const LAMBDA_SECONDS = 900;
/** The function stops 5 seconds before its time is up; below this, that would be most of it. */
const LEAST_LAMBDA_SECONDS = 10;

const variableName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, "is no name of an environment variable");

const bucketUrl = z
  .string()
  .min(1, "is not set")
  .regex(
    /^(?:s3|gs|https?):\/\//,
    "must be s3://bucket/prefix, gs://bucket/prefix or https://host/",
  );

/** What the service writes to. */
const writableUrl = z
  .string()
  .regex(/^(?:s3|gs):\/\//, "must be s3://bucket/prefix or gs://bucket/prefix");

/** What both clouds have. Sizes are bytes unless they say otherwise. */
const common = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
      "must have 6 to 30 small letters, digits and hyphens, and begin with a letter",
    ),
  source: bucketUrl,
  crcStore: writableUrl.optional(),
  manifestStore: writableUrl.optional(),
  memory: z.int().min(256).max(10_240).default(1024),
  timeout: z.int().min(1).max(3600).optional(),
  concurrency: z.int().min(1).max(1000).default(20),
  maxInstances: z.int().min(1).optional(),
  secrets: z
    .record(variableName, z.string().regex(/^[\w/.-]+$/, "is no name of a secret"))
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
  project: z.string().regex(/^[a-z][a-z0-9:.-]{4,}[a-z0-9]$/, "must be a project's id"),
  region: z.string().regex(/^[a-z]+-[a-z]+\d+$/, "must be a region, such as europe-west1"),
  serviceAccount: z.union([
    z.literal("create"),
    z.string().regex(/^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/, 'must be "create" or its address'),
  ]),
  cpu: z.number().min(1).max(8).default(1),
  buildServiceAccount: z.string().min(1).optional(),
});

const aws = common.extend({
  region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "must be a region, such as eu-central-1"),
  account: z
    .string()
    .regex(/^\d{12}$/, "must be the 12 digits of an account")
    .optional(),
  role: z.union([
    z.literal("create"),
    z.string().regex(/^arn:[\w-]+:iam::\d{12}:role\/.+$/, 'must be "create" or its ARN'),
  ]),
  secretStore: z.enum(["ssm", "secretsmanager"]).default("ssm"),
  kmsKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:.+$/, "must be a key's ARN")
    .optional(),
  cloudFront: z
    .string()
    .regex(/^arn:[\w-]+:cloudfront::\d{12}:distribution\/\w+$/, "must be a distribution's ARN")
    .optional(),
});

const targets = z.enum(["gcp", "aws", "both"], { error: 'must be "gcp", "aws" or "both"' });

/** What a deployment to Google Cloud is made from: the shared settings, and the section's over them. */
export type GcpConfig = z.infer<typeof gcp> & { readonly target: "gcp" };
/** What a deployment to AWS is made from. */
export type AwsConfig = z.infer<typeof aws> & { readonly target: "aws" };

/** The settings of a section. One that is there without a value counts as left out. */
type Section<T extends z.ZodType> = {
  readonly [K in keyof z.input<T>]?: z.input<T>[K] | undefined;
};

/**
 * The settings as they are written. A section is looked at only if its cloud is the target, so that
 * the other one may have gaps.
 */
export type DeployInput = z.input<typeof common> & {
  readonly target: z.infer<typeof targets>;
  readonly gcp?: Section<typeof gcp>;
  readonly aws?: Section<typeof aws>;
};

/** Gives `deploy.config.ts` its types. What it says is checked when a command reads it. */
export function defineDeploy(config: DeployInput): DeployInput {
  return config;
}

/**
 * Checks all settings, those of the service among them, for `target` or the ones that the file names.
 * Throws `CommandError` that names each setting with what is wrong, and quotes no value.
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

/** Rules that concern more than one setting, and those that the service itself has for its own. */
function check(config: GcpConfig | AwsConfig): void {
  const problems: string[] = [];
  const { target, environment, secrets, timeout = LAMBDA_SECONDS, logRetentionDays = 30 } = config;
  for (const name of Object.keys(environment)) {
    if (SECRET_NAMES.test(name)) problems.push(`environment.${name}: belongs into secrets`);
    if (name in secrets) problems.push(`environment.${name}: is among the secrets already`);
  }
  const reserved = target === "aws" ? /^AWS_|^_/ : /^(?:PORT$|K_)/;
  for (const [section, variables] of Object.entries({ environment, secrets })) {
    for (const name of Object.keys(variables)) {
      if (reserved.test(name)) problems.push(`${section}.${name}: is set by the platform`);
    }
  }
  if (target === "aws" && timeout > LAMBDA_SECONDS) {
    problems.push(`timeout: Lambda allows ${LAMBDA_SECONDS} seconds`);
  }
  if (target === "aws" && timeout < LEAST_LAMBDA_SECONDS) {
    problems.push(
      `timeout: must be ${LEAST_LAMBDA_SECONDS} or more, as a download ends 5 seconds before it`,
    );
  }
  if (target === "aws" && !CLOUDWATCH_DAYS.includes(logRetentionDays)) {
    problems.push(`logRetentionDays: CloudWatch Logs knows ${CLOUDWATCH_DAYS.join(", ")}`);
  }
  if (target === "gcp" && Object.values(secrets).some((name) => !/^[\w-]+$/.test(name))) {
    problems.push("secrets: Secret Manager's names have letters, digits, hyphens and underscores");
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
 * A value for a secret: another one for each, since keys must differ, and of letters that a bearer
 * token may have.
 */
function placeholder(name: string): string {
  const secret = name.padEnd(32, "_");
  if (!name.endsWith("_JWKS")) return secret;
  return JSON.stringify({ keys: [{ kty: "oct", k: Buffer.from(secret).toString("base64url") }] });
}

function wrong(problems: readonly string[]): CommandError {
  const lines = problems.map((problem) => `  ${problem}`);
  return new CommandError(["deploy.config.ts needs a change:", ...lines].join("\n"));
}

/** The environment variables of the function, without its secrets; their names are the service's. */
export function serviceEnvironment(config: GcpConfig | AwsConfig): Record<string, string> {
  const { source, crcStore, manifestStore, cors, limits, environment } = config;
  const variables: Readonly<Record<string, string | number | undefined>> = {
    // A young generation left to itself takes memory and saves no time; see docs/DECISIONS.md.
    NODE_OPTIONS: "--max-semi-space-size=8",
    SOURCE: source,
    CRC_STORE: crcStore,
    MANIFEST_STORE: manifestStore,
    PUBLIC_URL: config.publicUrl,
    // Cloud Logging shows a line with its trace if it names the project.
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
