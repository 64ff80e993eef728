import { isIPv4, isIPv6 } from "node:net";

/** Shared key of all clients whose address is unknown. */
const UNKNOWN = "unknown";

/**
 * Returns the key that a client is counted by: the address seen by the outermost of `proxies` proxies.
 * Each proxy appends the address it sees to `X-Forwarded-For`; anything before those addresses was
 * written by the client. An IPv6 client has a whole /64, so its key is the /64.
 *
 * @param proxies number of proxies in front that append an address; at least 1
 */
export function clientAddress(headers: Headers, proxies: number): string {
  const seen = (headers.get("X-Forwarded-For") ?? "").split(",").map((part) => part.trim());
  const address = withoutPort(seen.at(-proxies) ?? "");
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return UNKNOWN;
  const groups = new URL(`http://[${withoutZone(address)}]`).hostname.slice(1, -1);
  return network(groups);
}

/** Removes the port that some proxies add: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function withoutPort(text: string): string {
  const [, bracketed, dotted] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  return bracketed ?? dotted ?? text;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}

/** Returns the /64 (first four groups) of an IPv6 address in RFC 5952 form, as URLs use it. */
function network(address: string): string {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  // An IPv4-mapped address is a single client; its /64 would cover all of IPv4.
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") return address;
  return groups.slice(0, 4).join(":");
}
