import type { AwsConfig } from "../config.ts";

/** The inline policy of the role. */
export const POLICY_NAME = "ziplink";

/** Where a new secret stands for the moment in which the CLI reads it, from the repository's root. */
export const SECRET_FILE = "dist/deploy/aws-secret";

/** Permissions to call the function by its URL; Lambda asks for both. */
export const PUBLIC_STATEMENTS = ["url-public", "url-invoke"] as const;
export const CLOUDFRONT_STATEMENTS = ["cloudfront-url", "cloudfront-invoke"] as const;

/** A command of the AWS CLI, in the configured region and with an answer in JSON. */
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
 * What the function asks Parameter Store for. It hands through Secrets Manager's secrets too, so that the
 * function has one way to read both:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
 */
export function parameterName({ secretStore }: Pick<AwsConfig, "secretStore">, name: string) {
  return secretStore === "ssm" ? name : `/aws/reference/secretsmanager/${name}`;
}
