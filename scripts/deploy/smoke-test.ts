import { canSign, type JwtKeys } from "../../core/links/jwt-keys.ts";
import { signLink } from "../../core/links/link.ts";
import { CommandError } from "../command.ts";
import type { AwsConfig, GcpConfig } from "./config.ts";
import type { DeployIo } from "./runner.ts";

/** An archive above this is not fetched whole; its smallest file is. Bytes. */
const WHOLE = 64 * 1024 * 1024;
const LINK_HOURS = 1;
/** A new address and its permissions may take a minute to work everywhere. */
const ATTEMPTS = 20;
const ATTEMPT_MS = 3_000;
const ANSWER_MS = 30_000;

export interface Deployed {
  readonly config: GcpConfig | AwsConfig;
  /** Where it answers. */
  readonly url: string;
  /** What its links are verified with. */
  readonly keys: JwtKeys;
}

/**
 * Tries a deployment from outside: its health, then a link to `testPrefix`: HEAD, one byte, all of it.
 * Without a key that signs, its health alone. Prints the address and the link. Throws
 * `CommandError` that says what was wrong.
 */
export async function smokeTest(
  { config, url, keys }: Deployed,
  { print, sleep }: Pick<DeployIo, "print" | "sleep">,
): Promise<void> {
  const base = url.replace(/\/+$/, "");
  print(`\nIt runs at ${base}`);
  if (!canSign(keys)) {
    await waitUntilHealthy(base, sleep);
    return print("  healthy; no link was tried, as LINK_JWKS has public keys alone");
  }
  const expires = new Date(Date.now() + LINK_HOURS * 3_600_000);
  const token = await signLink({ prefix: config.testPrefix, name: "test" }, { keys, expires });
  const link = `${base}/zip/${token}/test.zip`;
  print(`A link to test with, good for ${LINK_HOURS} hour:\n\n  ${link}\n`);

  await waitUntilHealthy(base, sleep);
  print("  healthy");
  const head = await request(link, { method: "HEAD" });
  if (!head.ok) {
    const { status, detail } = await describe(await request(`${link}?format=json`));
    const hint =
      status === 404 ? " Set testPrefix in deploy.config.ts to where there are objects." : "";
    throw new CommandError(`The link was answered ${status}: ${detail}${hint}`);
  }
  const etag = head.headers.get("etag");
  print(`  HEAD: 200, ETag ${etag}`);

  const byte = await request(link, { headers: { Range: "bytes=0-0" } });
  const [first, ...rest] = new Uint8Array(await byte.arrayBuffer());
  if (byte.status !== 206 || rest.length > 0 || first !== 0x50) {
    throw new CommandError(`One byte was asked for; ${byte.status} and other bytes came.`);
  }
  print(`  one byte: 206, ${byte.headers.get("content-range")}`);

  const length = Number(byte.headers.get("content-range")?.split("/")[1]);
  const whole = await wholeOrSmallest(link);
  const response = await request(whole);
  const archive = Buffer.from(await response.arrayBuffer());
  const expected = whole === link ? length : archive.length;
  // The end record of a ZIP is its last 22 bytes (APPNOTE 4.3.16): Ziplink writes no comment.
  const ends = archive.subarray(-22, -18).equals(Buffer.from("PK\x05\x06", "latin1"));
  if (response.status !== 200 || archive.length !== expected || !ends) {
    throw new CommandError(
      `The whole archive was asked for; ${response.status} and ${archive.length} of ${expected} bytes came.`,
    );
  }
  print(`  all of ${whole === link ? "it" : "its smallest file"}: 200, ${archive.length} bytes`);
}

/**
 * Cloud Run's front end keeps some paths that end in z to itself and answers them with a page of its own
 * (https://cloud.google.com/run/docs/known-issues), so any answer of Ziplink's own counts there.
 */
async function waitUntilHealthy(base: string, sleep: DeployIo["sleep"]): Promise<void> {
  let last = "no answer";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(ATTEMPT_MS);
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const health = await fetch(`${base}/healthz`, { signal });
      if (health.ok) return;
      const other = health.status === 404 ? await fetch(`${base}/zip`, { signal }) : health;
      if (other.headers.get("content-type") === "application/problem+json") return;
      last = `${health.status} ${(await health.text()).slice(0, 200)}`;
    } catch (error) {
      last = String((error as Error).cause ?? error);
    }
  }
  throw new CommandError(
    `${base}/healthz does not answer: ${last}\nLook at the function's log; then deploy again.`,
  );
}

async function request(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, init).catch((cause: unknown) => {
    throw new CommandError(`A download broke off: ${String(cause)}`, { cause });
  });
}

async function describe(response: Response): Promise<{ status: number; detail: string }> {
  const text = await response.text();
  const detail = text.startsWith("{") ? JSON.parse(text).detail : text;
  return { status: response.status, detail: String(detail).slice(0, 500) };
}

/** What to fetch of a link's archive: all or, if that is too much, its smallest file with bytes. */
async function wholeOrSmallest(link: string): Promise<string> {
  const response = await request(`${link}?format=json`);
  if (!response.ok) {
    const { status, detail } = await describe(response);
    throw new CommandError(`What the archive is to hold was answered ${status}: ${detail}`);
  }
  const { length, slice, entries } = (await response.json()) as {
    length: number;
    /** The most that one response can hold; null if there is no limit. */
    slice: number | null;
    entries: { size: number }[];
  };
  if (length <= Math.min(WHOLE, slice ?? Infinity)) return link;
  const [smallest] = entries
    .map(({ size }, index) => ({ size, index }))
    .filter(({ size }) => size > 0)
    .sort((a, b) => a.size - b.size);
  return `${link}?only=${smallest?.index ?? 0}`;
}
