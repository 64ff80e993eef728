import type { AwsConfig } from "../config.ts";

/** The name of the role's inline policy. */
export const POLICY_NAME = "ziplink";

/** The path of a new secret while the CLI reads it, relative to the repository's root. */
export const SECRET_FILE = "dist/deploy/aws-secret";

/** The statements that permit calls through the function's URL; Lambda requires both of a pair. */
export const PUBLIC_STATEMENTS = ["url-public", "url-invoke"] as const;
export const CLOUDFRONT_STATEMENTS = ["cloudfront-url", "cloudfront-invoke"] as const;

/** Returns a command of the AWS CLI, in the configured region and with JSON output. */
export function aws({ region }: Pick<AwsConfig, "region">, ...words: string[]): string[] {
  return ["aws", ...words, "--region", region, "--output", "json"];
}

export function logGroup({ name }: Pick<AwsConfig, "name">): string {
  return `/aws/lambda/${name}`;
}

export function roleName({ name }: Pick<AwsConfig, "name">): string {
  return `${name}-function`;
}

/**
 * Returns the name by which the function requests a secret from Parameter Store. Parameter Store
 * passes Secrets Manager's secrets through too, so that the function has one way to read both:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
 */
export function parameterName({ secretStore }: Pick<AwsConfig, "secretStore">, name: string) {
  return secretStore === "ssm" ? name : `/aws/reference/secretsmanager/${name}`;
}
