import type { BlobSource } from "../../core/blob-source.ts";
import { createCrcKnowledge } from "../../core/crc/crc-knowledge.ts";
import type { AuditEvent } from "../../core/http/audit.ts";
import { createHandler, type HandlerOptions } from "../../core/http/handler.ts";
import { secretKeys } from "../../core/links/jwt-keys.ts";
import { signLink } from "../../core/links/link.ts";
import { ReadAheadPool } from "../../core/streaming/read-ahead-pool.ts";
import { defaultZipFormat } from "../../core/zip/format.ts";
import { linkSecret as secret } from "./secrets.ts";

/** Returns the options of a handler over `source` whose links are signed with the tests' secret. */
export function handlerOptions(source: BlobSource): HandlerOptions {
  return {
    source,
    resilience: { attempts: 2, backoffMs: 1 },
    linkKeys: secretKeys(secret),
    limits: { maxEntries: 10, maxBytes: 1e9 },
    format: defaultZipFormat,
    cacheSeconds: 0,
    cacheControl: "private, no-store",
    responseLimits: { maxResponseBytes: Infinity, maxFixedLength: Infinity },
    crcs: createCrcKnowledge(),
    readAhead: new ReadAheadPool(),
    audit: () => undefined,
  };
}

/**
 * Creates a handler over `source`. Returns it with its audit events and a function that sends
 * requests.
 */
export function handlerOf(source: BlobSource, options: Partial<HandlerOptions> = {}) {
  const events: AuditEvent[] = [];
  const handle = createHandler({
    ...handlerOptions(source),
    audit: (event) => events.push(event),
    ...options,
  });

  /** Returns a token for the archive spec `zip`, valid or not. */
  const sign = (zip: unknown) => {
    const expires = new Date(Date.now() + 60_000);
    return signLink(zip as { prefix: string }, { secret, expires, id: "l" });
  };
  const send = (token: string, init: RequestInit = {}, query = "") =>
    handle(new Request(`http://localhost/zip/${token}${query}`, init), token);
  const get = async (zip: unknown, init: RequestInit = {}, query = "") =>
    send(await sign(zip), init, query);
  return { events, sign, send, get };
}
