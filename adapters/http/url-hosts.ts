import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP } from "node:net";
import { Agent } from "undici";
import { ZiplinkError } from "../../core/errors.ts";

/**
 * Which URLs may be fetched: exact host names, `*.suffix` for any name below one, or whole origins such
 * as `http://127.0.0.1:9000`.
 */
export interface UrlHosts {
  /**
   * Returns how to reach a URL. Throws `forbidden` for one that is not listed, that has credentials, or
   * whose host is an address that is not public; a name that leads to one fails as `denied`.
   */
  agentFor(url: string): { readonly url: URL; readonly dispatcher: Agent };
  /** Ends the connections. */
  close(): Promise<void>;
}

/** Addresses that no URL may lead to, unless its very origin is listed: none is on the public Internet. */
const reserved = new BlockList();
/** https://www.iana.org/assignments/iana-ipv4-special-registry */
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // with the clouds' metadata services
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3], // multicast, reserved and broadcast
] as const) {
  reserved.addSubnet(network, bits, "ipv4");
}
/** https://www.iana.org/assignments/iana-ipv6-special-registry, within 2000::/3, which alone is global. */
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4 holds an IPv4 address, which may be any
  ["3fff::", 20],
] as const) {
  reserved.addSubnet(network, bits, "ipv6");
}
const global = new BlockList();
global.addSubnet("2000::", 3, "ipv6");

/** Whether an IP address is one of the public Internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !reserved.check(address, "ipv4");
  return isIP(address) === 6 && global.check(address, "ipv6") && !reserved.check(address, "ipv6");
}

/** How URLs are reached. */
export interface UrlHostsOptions {
  /** Connections per origin; more requests wait for one. Default 16. */
  readonly connections?: number;
  /** The time limit for a connection. Milliseconds, default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Allows the listed hosts. Hosts by name are reached by https alone, at its own port, and at addresses of
 * the public Internet alone: the address is checked that is connected to, whatever a name server says the
 * next time. An origin that is listed is reached as it is.
 */
export function createUrlHosts(
  allowed: readonly string[],
  { connections = 16, timeoutMs = 30_000 }: UrlHostsOptions = {},
): UrlHosts {
  const origins = new Set(allowed.filter(isOrigin).map((origin) => new URL(origin).origin));
  const names = allowed.filter((entry) => !isOrigin(entry)).map((name) => name.toLowerCase());
  const trusted = new Agent({ connections, connect: { timeout: timeoutMs } });
  const guarded = new Agent({
    connections,
    connect: { timeout: timeoutMs, lookup: guardedLookup },
  });
  const isListed = (host: string) =>
    names.some((name) => (name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name));

  return {
    agentFor(text) {
      const url = URL.parse(text);
      if (!url || !/^https?:$/.test(url.protocol)) throw notAllowed();
      if (url.username !== "" || url.password !== "") {
        throw new ZiplinkError("forbidden", "url: must not have a user name or a password.");
      }
      if (origins.has(url.origin)) return { url, dispatcher: trusted };
      const host = url.hostname.toLowerCase().replace(/\.$/, "");
      if (url.protocol !== "https:" || url.port !== "" || !isListed(host)) throw notAllowed();
      // A host that is an address is not looked up.
      const address = host.replace(/^\[|\]$/g, "");
      if (isIP(address) !== 0 && !isPublicAddress(address)) throw notAllowed();
      return { url, dispatcher: guarded };
    },
    async close() {
      await Promise.all([trusted.destroy(), guarded.destroy()]);
    },
  };
}

function isOrigin(entry: string): boolean {
  return /^https?:\/\//.test(entry);
}

function notAllowed(): ZiplinkError {
  return new ZiplinkError(
    "forbidden",
    "url: this host is not one that this service fetches from; its operator lists them in URL_HOSTS.",
  );
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Looks a name up and refuses it if any of its addresses is not public. */
function guardedLookup(hostname: string, options: object, callback: LookupCallback): void {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
      const refused = new ZiplinkError(
        "denied",
        "The host of a URL leads to an address that is not public.",
      );
      return callback(refused as NodeJS.ErrnoException, []);
    }
    const [first] = addresses;
    if ("all" in options && options.all === true) return callback(null, addresses);
    callback(null, first?.address ?? "", first?.family ?? 4);
  });
}
