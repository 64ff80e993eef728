import * as z from "zod";
import type { JwtKeys } from "../../../core/links/jwt-keys.ts";
import { linkKeysName, parseLinkKeys } from "../cloud.ts";
import type { GcpConfig } from "../config.ts";
import { json, type Read } from "../step.ts";
import { accountOf, gcloud } from "./names.ts";

/** The resource does not exist. If its API is not enabled yet, neither does any resource of it. */
const NOT_FOUND = /NOT_FOUND|Cannot find service|SERVICE_DISABLED|has not been used in project/;

/** The read of gcloud's version. */
export const cliRead: Read<string> = {
  title: "Check gcloud",
  argv: ["gcloud", "version", "--format=json"],
  parse: (stdout) => json(z.object({ "Google Cloud SDK": z.string() }))(stdout)["Google Cloud SDK"],
};

/** Returns the read of the project, which fails without a login that may see it. */
export function projectRead(config: GcpConfig): Read<{ projectId: string }> {
  return {
    title: "Look for the project",
    argv: [...["gcloud", "projects", "describe", config.project], ...["--quiet", "--format=json"]],
    parse: json(z.object({ projectId: z.string() })),
  };
}

/**
 * Returns the read of whether a secret has a value. It has none if it was created and storing its
 * value failed.
 */
export function secretRead(config: GcpConfig, name: string): Read<boolean> {
  return {
    title: `Look for the secret ${name}`,
    argv: gcloud(
      config,
      ...["secrets", "versions", "list", name, "--filter=state=ENABLED", "--limit=1"],
    ),
    absent: NOT_FOUND,
    parse: (stdout) => json(z.array(z.unknown()))(stdout).length > 0,
  };
}

/** Returns the read of the keys that sign links. */
export function linkKeysRead(config: GcpConfig): Read<JwtKeys> {
  return {
    title: "Read the signing key, for a test link",
    argv: [
      ...["gcloud", "secrets", "versions", "access", "latest"],
      ...[`--secret=${linkKeysName(config.secrets)}`, `--project=${config.project}`, "--quiet"],
    ],
    parse: (stdout) => parseLinkKeys(config.secrets, stdout),
  };
}

const service = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  status: z.object({ url: z.url().optional() }).default({}),
});

/** Returns the read of the service, with its address once it has one. */
export function serviceRead(config: GcpConfig): Read<z.infer<typeof service>> {
  return {
    title: "Look for the service",
    argv: gcloud(config, "run", "services", "describe", config.name, `--region=${config.region}`),
    absent: NOT_FOUND,
    parse: json(service),
  };
}

const sink = z.object({
  description: z.string().default(""),
  destination: z.string(),
  filter: z.string().default(""),
});

/** The destination of part of the project's log, and the filter that selects its lines. */
type GcpSink = z.infer<typeof sink>;

/** Returns the reads that a plan needs besides the project and the secrets. */
export function reads(config: GcpConfig) {
  return {
    services: {
      title: "Look for the enabled APIs",
      argv: gcloud(config, "services", "list", "--enabled"),
      parse: (stdout) =>
        json(z.array(z.object({ config: z.object({ name: z.string() }) })))(stdout).map(
          ({ config: { name } }) => name,
        ),
    } satisfies Read<string[]>,
    account: {
      title: "Look for the service account",
      argv: gcloud(config, "iam", "service-accounts", "describe", accountOf(config)),
      absent: NOT_FOUND,
      parse: json(z.object({ description: z.string().default("") })),
    } satisfies Read<{ description: string }>,
    service: serviceRead(config),
    logBucket: {
      title: "Look for the log bucket",
      argv: gcloud(
        config,
        ...["logging", "buckets", "describe", config.name, `--location=${config.region}`],
      ),
      absent: NOT_FOUND,
      parse: json(
        z.object({ description: z.string().default(""), lifecycleState: z.string().optional() }),
      ),
    } satisfies Read<{ description: string; lifecycleState?: string | undefined }>,
    logSink: {
      title: "Look for the log sink",
      argv: gcloud(config, "logging", "sinks", "describe", config.name),
      absent: NOT_FOUND,
      parse: json(sink),
    } satisfies Read<GcpSink>,
    exclusions: {
      title: "Look for exclusions from the project's log",
      argv: gcloud(config, "logging", "sinks", "describe", "_Default"),
      absent: NOT_FOUND,
      parse: (stdout) =>
        json(z.object({ exclusions: z.array(z.object({ name: z.string() })).default([]) }))(
          stdout,
        ).exclusions.map(({ name }) => name),
    } satisfies Read<string[]>,
  };
}

/** Everything that a plan depends on besides the settings. */
export interface GcpState {
  readonly services: readonly string[];
  /** The secrets that exist, by name, and whether each has a value. */
  readonly secrets: ReadonlyMap<string, boolean>;
  readonly account: { readonly description: string } | undefined;
  readonly service: z.infer<typeof service> | undefined;
  readonly logBucket:
    | { readonly description: string; readonly lifecycleState?: string | undefined }
    | undefined;
  readonly logSink: GcpSink | undefined;
  readonly exclusions: readonly string[];
}
