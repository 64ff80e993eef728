import * as z from "zod";
import type { JwtKeys } from "../../../core/links/jwt-keys.ts";
import { linkKeysName, parseLinkKeys } from "../cloud.ts";
import type { AwsConfig } from "../config.ts";
import { json, type Read } from "../step.ts";
import { aws, logGroup, roleName } from "./names.ts";

const NOT_FOUND = /\((?:ResourceNotFoundException|NoSuchEntity|ParameterNotFound)\)/;

/**
 * Whether this CLI has the options of October 2025. The command prints a template and calls
 * nothing.
 */
export const cliRead: Read<boolean> = {
  title: "Check the AWS CLI",
  argv: ["aws", "lambda", "add-permission", "--generate-cli-skeleton"],
  parse: (stdout) => stdout.includes("InvokedViaFunctionUrl"),
};

/** Returns the read of the logged-in identity. */
export function callerRead(config: AwsConfig): Read<{ Account: string; Arn: string }> {
  return {
    title: "Check the AWS login",
    argv: aws(config, "sts", "get-caller-identity"),
    parse: json(z.object({ Account: z.string(), Arn: z.string() })),
  };
}

/**
 * "leaving": deleted, but kept by Secrets Manager for some days, during which nothing can read it.
 */
export type SecretState = "there" | "leaving";

/** Returns the read of whether a secret exists. Its output contains no value in plain text. */
export function secretRead(config: AwsConfig, name: string): Read<SecretState> {
  return {
    title: `Look for the secret ${name}`,
    argv:
      config.secretStore === "ssm"
        ? aws(config, "ssm", "get-parameter", "--name", name)
        : aws(config, "secretsmanager", "describe-secret", "--secret-id", name),
    absent: NOT_FOUND,
    parse: (stdout) =>
      json(z.object({ DeletedDate: z.unknown().optional() }))(stdout).DeletedDate
        ? "leaving"
        : "there",
  };
}

/** Returns the read of the keys that sign links. */
export function linkKeysRead(config: AwsConfig): Read<JwtKeys> {
  const name = linkKeysName(config.secrets);
  const title = "Read the signing key, for a test link";
  const keys = (value: string) => parseLinkKeys(config.secrets, value);
  return config.secretStore === "ssm"
    ? {
        title,
        argv: aws(config, "ssm", "get-parameter", "--name", name, "--with-decryption"),
        parse: (stdout) =>
          keys(
            json(z.object({ Parameter: z.object({ Value: z.string() }) }))(stdout).Parameter.Value,
          ),
      }
    : {
        title,
        argv: aws(config, "secretsmanager", "get-secret-value", "--secret-id", name),
        parse: (stdout) => keys(json(z.object({ SecretString: z.string() }))(stdout).SecretString),
      };
}

/** Returns the read of the function's address. */
export function urlRead(config: AwsConfig): Read<string> {
  return {
    title: "Look for the function's URL",
    argv: aws(config, "lambda", "get-function-url-config", "--function-name", config.name),
    absent: NOT_FOUND,
    parse: (stdout) => json(z.object({ FunctionUrl: z.url() }))(stdout).FunctionUrl,
  };
}

/** A statement of a function's policy, with the condition that `--source-arn` sets. */
const statement = z.object({
  Sid: z.string().default(""),
  Condition: z
    .object({ ArnLike: z.object({ "AWS:SourceArn": z.string().optional() }).optional() })
    .optional(),
});

/** Returns the reads that a plan needs besides the login and the secrets. */
export function reads(config: AwsConfig) {
  const ofFunction = (command: string) =>
    aws(config, "lambda", command, "--function-name", config.name);
  return {
    role: {
      title: "Look for the role",
      argv: aws(config, "iam", "get-role", "--role-name", roleName(config)),
      absent: NOT_FOUND,
      parse: (stdout) =>
        json(z.object({ Role: z.object({ Description: z.string().default("") }) }))(stdout).Role,
    } satisfies Read<{ Description: string }>,
    logGroup: {
      title: "Look for the log group",
      argv: aws(config, "logs", "describe-log-groups", "--log-group-name-prefix", logGroup(config)),
      parse: (stdout) =>
        json(z.object({ logGroups: z.array(z.object({ logGroupName: z.string() })) }))(
          stdout,
        ).logGroups.some(({ logGroupName }) => logGroupName === logGroup(config)),
    } satisfies Read<boolean>,
    function: {
      title: "Look for the function",
      argv: ofFunction("get-function"),
      absent: NOT_FOUND,
      parse: (stdout) => {
        const { Configuration, Concurrency } = json(
          z.object({
            Configuration: z.object({ Description: z.string().default("") }),
            Concurrency: z.unknown().optional(),
          }),
        )(stdout);
        return { ...Configuration, isReserved: Concurrency !== undefined };
      },
    } satisfies Read<AwsFunction>,
    url: urlRead(config),
    statements: {
      title: "Look for the permissions to call the function",
      argv: ofFunction("get-policy"),
      absent: NOT_FOUND,
      parse: (stdout) =>
        json(z.object({ Statement: z.array(statement) }))(
          json(z.object({ Policy: z.string() }))(stdout).Policy,
        ).Statement.map(({ Sid: id, Condition }) => ({
          id,
          sourceArn: Condition?.ArnLike?.["AWS:SourceArn"],
        })),
    } satisfies Read<AwsStatement[]>,
  };
}

interface AwsStatement {
  readonly id: string;
  /** The only distribution that may call; undefined if everyone may. */
  readonly sourceArn: string | undefined;
}

interface AwsFunction {
  readonly Description: string;
  /** Whether instances are reserved for the function. */
  readonly isReserved: boolean;
}

/** Everything that a plan depends on besides the settings. */
export interface AwsState {
  readonly account: string;
  /** `aws`, or the partition of China or GovCloud. */
  readonly partition: string;
  /** The secrets that exist, by name, even if scheduled for deletion. */
  readonly secrets: ReadonlyMap<string, SecretState>;
  readonly role: { readonly Description: string } | undefined;
  readonly logGroup: boolean;
  readonly function: AwsFunction | undefined;
  readonly url: string | undefined;
  /** The statements of the function's policy. */
  readonly statements: readonly AwsStatement[];
}
