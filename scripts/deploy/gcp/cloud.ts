import { CommandError } from "../../command.ts";
import { type Cloud, type CloudState, givenSecrets, seeReady } from "../cloud.ts";
import type { GcpConfig } from "../config.ts";
import type { Runner } from "../runner.ts";
import { planDestroy } from "./destroy.ts";
import { planDeploy } from "./plan.ts";
import {
  cliRead,
  type GcpState,
  linkKeysRead,
  projectRead,
  reads,
  secretRead,
  serviceRead,
} from "./state.ts";

/** The oldest gcloud that this was tested with. */
const OLDEST = 528;
const INSTALL = "Install it (https://cloud.google.com/sdk/docs/install), then: gcloud auth login";

const nothingLogged = { logBucket: undefined, logSink: undefined, exclusions: [] };

/** Google Cloud: a function on Cloud Run. */
export function createGcp(config: GcpConfig): Cloud {
  const found = (state: GcpState): CloudState => ({
    account: `project ${config.project}, ${config.region}`,
    planDeploy: (dir) => planDeploy(config, state, dir),
    planDestroy: (withSecret) => planDestroy(config, state, withSecret),
  });
  return {
    place: `Google Cloud, ${config.region}`,
    inspect: async (runner) => found(await inspect(config, runner)),
    emptyState: found({
      services: [],
      secrets: new Map(givenSecrets(config.secrets).map((name) => [name, true])),
      account: undefined,
      service: undefined,
      ...nothingLogged,
    }),
    url: {
      ...serviceRead(config),
      parse: (stdout) => {
        const url = serviceRead(config).parse(stdout).status.url;
        if (url === undefined) throw new CommandError("The service has no URL yet. Deploy again.");
        return url;
      },
    },
    linkKeys: linkKeysRead(config),
  };
}

async function inspect(config: GcpConfig, runner: Runner): Promise<GcpState> {
  await seeProject(config, runner);
  const secrets = new Map<string, boolean>();
  for (const name of Object.values(config.secrets)) {
    const hasValue = await runner.read(secretRead(config, name));
    if (hasValue !== undefined) secrets.set(name, hasValue);
  }
  const wanted = reads(config);
  const services = (await runner.read(wanted.services)) ?? [];
  const isOwn = config.serviceAccount === "create";
  const account = isOwn ? await runner.read(wanted.account) : undefined;
  const service = await runner.read(wanted.service);
  const state = { services, secrets, account, service };
  if (config.logRetentionDays === undefined) return { ...state, ...nothingLogged };
  return {
    ...state,
    logBucket: await runner.read(wanted.logBucket),
    logSink: await runner.read(wanted.logSink),
    exclusions: (await runner.read(wanted.exclusions)) ?? [],
  };
}

function seeProject(config: GcpConfig, runner: Runner): Promise<void> {
  const see = async () => {
    const version = (await runner.read(cliRead)) ?? "0";
    if (Number.parseInt(version, 10) < OLDEST) {
      throw new CommandError(
        `gcloud ${version} is too old; it must be ${OLDEST} or later. Update it: gcloud components update`,
      );
    }
    await runner.read(projectRead(config));
  };
  return seeReady(see, {
    install: INSTALL,
    login:
      "Log in (gcloud auth login), and check that gcp.project in deploy.config.ts is one of your projects.",
  });
}
