import { parseBucket } from "../bucket.ts";
import type { AwsConfig } from "../config.ts";
import { logGroup, parameterName } from "./names.ts";
import type { AwsState } from "./state.ts";

type Account = Pick<AwsState, "account" | "partition">;

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** Allows Lambda, and nothing else, to assume the role. */
export const trustPolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "lambda.amazonaws.com" },
      Action: "sts:AssumeRole",
    },
  ],
};

/**
 * Returns the permissions that the function needs, and no more: to read the source, to keep
 * checksums and manifests, to read its secrets and to write its log. `s3:ListBucket` covers the
 * whole bucket, because S3 distinguishes a missing object from a forbidden one only for callers who
 * may list it (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
 */
export function functionPolicy(config: AwsConfig, { account, partition }: Account) {
  const arn = (service: string, rest: string) =>
    `arn:${partition}:${service}:${config.region}:${account}:${rest}`;
  const allow = (Action: string[], ...Resource: string[]): Statement => ({
    Effect: "Allow",
    Action,
    Resource,
  });
  const source = parseBucket(config.source, "s3");
  const written = [config.crcStore, config.manifestStore].flatMap(
    (url) => parseBucket(url, "s3") ?? [],
  );
  const names = Object.values(config.secrets);
  const s3 = (bucket: string) => `arn:${partition}:s3:::${bucket}`;
  const statements: Statement[] = [];
  if (source) {
    statements.push(
      allow(["s3:ListBucket"], s3(source.bucket)),
      allow(["s3:GetObject", "s3:GetObjectVersion"], s3(`${source.bucket}/${source.prefix}*`)),
    );
  }
  for (const { bucket, prefix } of written) {
    statements.push(
      allow(["s3:ListBucket"], s3(bucket)),
      allow(["s3:GetObject", "s3:PutObject"], s3(`${bucket}/${prefix}*`)),
    );
  }
  if (config.kmsKeyArn) {
    const actions = written.length > 0 ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"];
    statements.push(allow(actions, config.kmsKeyArn));
  }
  statements.push(
    allow(
      ["ssm:GetParameters"],
      ...names.map((name) =>
        arn("ssm", `parameter/${parameterName(config, name).replace(/^\//, "")}`),
      ),
    ),
  );
  if (config.secretStore === "secretsmanager") {
    // Secrets Manager appends a hyphen and six characters of its own to a name.
    statements.push(
      allow(
        ["secretsmanager:GetSecretValue"],
        ...names.map((name) => arn("secretsmanager", `secret:${name}-??????`)),
      ),
    );
  }
  statements.push(
    allow(
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      arn("logs", `log-group:${logGroup(config)}:*`),
    ),
  );
  return { Version: "2012-10-17", Statement: statements };
}
