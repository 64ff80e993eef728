/** `ziplink deliver`: puts an archive or a file into a bucket, whole or not at all. */
import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { cleanUp } from "../../core/delivery/clean-up.ts";
import { shownStatus } from "../../core/delivery/move-delivery.ts";
import { readBack } from "../../core/delivery/read-back.ts";
import { formatBytes } from "../../core/input/quantities.ts";
import {
  type DeliverCommandConfig,
  readDeliverConfig,
} from "../../functions/config/delivery-config.ts";
import { type Location, parseLocation } from "../../functions/config/location.ts";
import { openDeliveries } from "../../functions/stores/open-deliveries.ts";
import { findPlace } from "../../functions/stores/places.ts";
import { openSource } from "../../functions/stores/stores.ts";
import { type Command, CommandError, UsageError } from "../command.ts";
import { type DeliverAction, parseDeliverArguments, USAGE } from "../deliver/arguments.ts";
import { followDelivery } from "../deliver/follow.ts";

/** Whose deliveries those of this command are. */
const CALLER = "cli";

export const deliver: Command = {
  summary: "puts an archive or a file into a bucket, whole or not at all",
  usage: USAGE,
  async run(args) {
    const { action, json, concurrency, partBytes } = parseDeliverArguments(args);
    const config = {
      ...readDeliverConfig(process.env),
      ...(concurrency !== undefined && { concurrency }),
      ...(partBytes !== undefined && { partBytes }),
    };
    const say = (line: object | string) => {
      if (json) console.log(JSON.stringify(line));
      else if (typeof line === "string") console.log(line);
    };
    await act(action, await open(config, action), config, say, json);
  },
};

type Opened = Awaited<ReturnType<typeof open>>;

/** Opens the deliveries; where they go is known from `--to`, or from the delivery that is named. */
async function open(config: DeliverCommandConfig, action: DeliverAction) {
  const needsSecret = action.kind === "deliver" && action.request.encrypt !== undefined;
  if (needsSecret && config.secret === undefined) {
    throw new CommandError("--age needs DELIVERY_SECRET, which seals the file's key in the state.");
  }
  const { openStateStore } = await import("../../functions/stores/delivery-stores.ts");
  const { DeliveryStates } = await import("../../core/delivery/delivery-states.ts");
  const states = new DeliveryStates(await openStateStore(config.store, config));
  const targets = new Set<string>();
  if (action.kind === "deliver") targets.add(action.to);
  for await (const delivery of states.list()) targets.add(delivery.to);
  const destinations = foldersOf([...targets]);
  const source = config.source === undefined ? noSource() : await openSource(config.source, config);
  const opened = await openDeliveries(
    { ...config, destinations, secret: config.secret ?? randomBytes(32).toString("hex") },
    config,
    {
      source,
      limits: { maxEntries: config.maxEntries, maxBytes: config.maxBytes },
      onUnreadable: config.unreadableFiles,
      resilience: {},
      observe: () => undefined,
      onEvent: () => undefined,
    },
  );
  return opened;
}

async function act(
  action: DeliverAction,
  { deliveries, places }: Opened,
  config: DeliverCommandConfig,
  say: (line: object | string) => void,
  json: boolean,
): Promise<void> {
  switch (action.kind) {
    case "deliver": {
      if (action.request.kind === "archive" || action.request.file.key !== undefined) {
        if (config.source === undefined) throw new CommandError("SOURCE is not set.");
      }
      const id = action.id ?? randomBytes(9).toString("base64url").replaceAll("-", "_");
      const { to, overwrite, request } = action;
      const terms = { to, overwrite, encrypt: request.encrypt as { age: string[] } | undefined };
      await deliveries.create({ id, caller: CALLER, request, terms });
      return followDelivery(deliveries, id, CALLER, { say, json });
    }
    case "resume":
      await deliveries.resume(action.id, CALLER);
      return followDelivery(deliveries, action.id, CALLER, { say, json });
    case "cancel":
      await deliveries.cancel(action.id, CALLER);
      return say(
        json ? { id: action.id, status: "cancelled" } : "Cancelled; nothing stays behind.",
      );
    case "verify": {
      const delivery = await deliveries.verify(action.id, CALLER);
      const { place, key } = findPlace(places, delivery.to);
      const { signal } = new AbortController();
      const compared =
        action.deep && delivery.result
          ? await readBack(delivery.result, key, place.source, signal)
          : [];
      const what = ["size", "version", ...compared];
      return say(json ? { id: action.id, verified: what } : `Verified: ${what.join(", ")}.`);
    }
    case "list": {
      for (const delivery of await deliveries.list(CALLER)) {
        const { id, created, to } = delivery;
        const { bytes, total } = await deliveries.progress(delivery);
        const status = shownStatus(delivery);
        const amount =
          total === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`;
        say(
          json ? { id, status, created, to, bytes, total } : `${id}  ${status}  ${amount}  ${to}`,
        );
      }
      return;
    }
    case "cleanup": {
      const before = new Date(Date.now() - action.olderSeconds * 1000);
      const destinations = places.map(({ destination }) => destination);
      const tools = deliveries.tools;
      const { deliveries: count, uploads } = await cleanUp({ tools, destinations, before });
      return say(
        json
          ? { deliveries: count, uploads }
          : `Removed ${count} deliveries and ${uploads} uploads.`,
      );
    }
  }
}

/** The folders that these objects are in, as destinations. */
function foldersOf(targets: readonly string[]): Location[] {
  const folders = new Map<string, Location>();
  for (const to of targets) {
    const location = parseLocation(to);
    if (!location || location.kind === "http") {
      throw new UsageError("--to must be s3://bucket/key, gs://bucket/key or a path.");
    }
    const folder: Location =
      location.kind === "folder"
        ? { kind: "folder", path: posix.dirname(location.path) }
        : { ...location, prefix: folderOf(location.prefix) };
    folders.set(JSON.stringify(folder), folder);
  }
  return [...folders.values()];
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** Nothing is read of it: what needs a source has been refused. */
function noSource(): Parameters<typeof openDeliveries>[2]["source"] {
  const refuse = () => {
    throw new CommandError("SOURCE is not set.");
  };
  return { stat: async () => refuse(), list: refuse, open: async () => refuse() };
}
