import { isIPv4, isIPv6 } from "node:net";

/** Whoever has no address is counted as one. */
const UNKNOWN = "unknown";

/**
 * What a client is counted by: the address that the outermost of `proxies` proxies has seen. Each of
 * them adds the one it sees to the end of `X-Forwarded-For`; what stands before those the client has
 * written itself. Of IPv6, a client has a whole /64, which counts as one.
 *
 * @param proxies how many there are in front that add an address; at least 1
 */
export function clientAddress(headers: Headers, proxies: number): string {
  const seen = (headers.get("X-Forwarded-For") ?? "").split(",").map((part) => part.trim());
  const address = withoutPort(seen.at(-proxies) ?? "");
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return UNKNOWN;
  const groups = new URL(`http://[${withoutZone(address)}]`).hostname.slice(1, -1);
  return network(groups);
}

/** Some proxies add the port: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function withoutPort(text: string): string {
  const [, bracketed, dotted] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  return bracketed ?? dotted ?? text;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}

/** The first four groups of an address in the form of RFC 5952, as URLs have it. */
function network(address: string): string {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  // An IPv4 address in IPv6's clothes is one client, and its network the whole of IPv4.
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") return address;
  return groups.slice(0, 4).join(":");
}
