import { canSign, type JwtKeys } from "../../core/links/jwt-keys.ts";
import { signLink } from "../../core/links/link.ts";
import { CommandError } from "../command.ts";
import type { AwsConfig, GcpConfig } from "./config.ts";
import type { DeployIo } from "./runner.ts";

/** A larger archive is not fetched whole: its smallest file is fetched instead. Bytes. */
const WHOLE = 64 * 1024 * 1024;
const LINK_HOURS = 1;
/** A new address and its permissions may take a minute to take effect everywhere. */
const ATTEMPTS = 20;
const ATTEMPT_MS = 3_000;
const ANSWER_MS = 30_000;

export interface Deployed {
  readonly config: GcpConfig | AwsConfig;
  /** The function's address. */
  readonly url: string;
  /** The keys that verify its links. */
  readonly keys: JwtKeys;
}

/**
 * Tests a deployment from outside: its health, then a link to `testPrefix`: HEAD, one byte, the
 * whole archive. Without a key that can sign, tests its health alone. Prints the address and the
 * link. Throws a `CommandError` that says what is wrong.
 */
export async function smokeTest(
  { config, url, keys }: Deployed,
  { print, sleep }: Pick<DeployIo, "print" | "sleep">,
): Promise<void> {
  const base = url.replace(/\/+$/, "");
  print(`\nIt runs at ${base}`);
  if (!canSign(keys)) {
    await waitUntilHealthy(base, sleep);
    return print("  healthy; no link was tested, because LINK_JWKS has only public keys");
  }
  const expires = new Date(Date.now() + LINK_HOURS * 3_600_000);
  const token = await signLink({ prefix: config.testPrefix, name: "test" }, { keys, expires });
  const link = `${base}/zip/${token}/test.zip`;
  print(`A test link, valid for ${LINK_HOURS} hour:\n\n  ${link}\n`);

  await waitUntilHealthy(base, sleep);
  print("  healthy");
  const head = await request(link, { method: "HEAD" });
  if (!head.ok) {
    const { status, detail } = await describe(await request(`${link}?format=json`));
    const hint =
      status === 404 ? " Set testPrefix in deploy.config.ts to a prefix with objects." : "";
    throw new CommandError(`The test link was answered with ${status}: ${detail}${hint}`);
  }
  const etag = head.headers.get("etag");
  print(`  HEAD: 200, ETag ${etag}`);

  const byte = await request(link, { headers: { Range: "bytes=0-0" } });
  const [first, ...rest] = new Uint8Array(await byte.arrayBuffer());
  if (byte.status !== 206 || rest.length > 0 || first !== 0x50) {
    throw new CommandError(`Requested one byte, but received ${byte.status} and other bytes.`);
  }
  print(`  one byte: 206, ${byte.headers.get("content-range")}`);

  const length = Number(byte.headers.get("content-range")?.split("/")[1]);
  const whole = await wholeOrSmallest(link);
  const response = await request(whole);
  const archive = Buffer.from(await response.arrayBuffer());
  const expected = whole === link ? length : archive.length;
  // A ZIP ends with its end record, the last 22 bytes (APPNOTE 4.3.16): Ziplink writes no comment.
  const ends = archive.subarray(-22, -18).equals(Buffer.from("PK\x05\x06", "latin1"));
  if (response.status !== 200 || archive.length !== expected || !ends) {
    throw new CommandError(
      `Requested the whole archive, but received ${response.status} and ${archive.length} of ${expected} bytes.`,
    );
  }
  print(
    `  ${whole === link ? "the whole archive" : "its smallest file"}: 200, ${archive.length} bytes`,
  );
}

/**
 * Waits until the service answers. Cloud Run's front end reserves some paths that end in z and
 * answers them with its own page (https://cloud.google.com/run/docs/known-issues), so any answer
 * that comes from Ziplink counts there.
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
    `${base}/healthz does not answer: ${last}\nCheck the function's log, then deploy again.`,
  );
}

async function request(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, init).catch((cause: unknown) => {
    throw new CommandError(`A request failed: ${String(cause)}`, { cause });
  });
}

async function describe(response: Response): Promise<{ status: number; detail: string }> {
  const text = await response.text();
  const detail = text.startsWith("{") ? JSON.parse(text).detail : text;
  return { status: response.status, detail: String(detail).slice(0, 500) };
}

/**
 * Returns the URL to fetch: the link's archive or, if that is too large, its smallest file with
 * bytes.
 */
async function wholeOrSmallest(link: string): Promise<string> {
  const response = await request(`${link}?format=json`);
  if (!response.ok) {
    const { status, detail } = await describe(response);
    throw new CommandError(
      `The request for the archive's contents was answered with ${status}: ${detail}`,
    );
  }
  const { length, slice, entries } = (await response.json()) as {
    length: number;
    /** The maximum length of one response; null if there is no limit. */
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
