import type { BlobSource } from "../../core/blob-source.ts";
import type { AuditEvent } from "../../core/http/audit.ts";
import { secretKeys } from "../../core/links/jwt-keys.ts";
import { createApp } from "../../functions/app/app.ts";
import type { AppOptions } from "../../functions/app/app-options.ts";
import { createJwtAuth } from "../../functions/auth/jwt.ts";
import { callerToken } from "./api-client.ts";
import { apiSecret, linkSecret } from "./secrets.ts";

/**
 * Creates an app over `source` with callers. Returns it with its audit events and functions that
 * send requests.
 */
export function appOf(source: BlobSource, options: Partial<AppOptions> = {}) {
  const events: AuditEvent[] = [];
  const app = createApp({
    source,
    linkKeys: secretKeys(linkSecret),
    auth: createJwtAuth(secretKeys(apiSecret)),
    resilience: { attempts: 2, backoffMs: 1 },
    audit: (event) => events.push(event),
    ...options,
  });
  const get = (path: string, init: RequestInit = {}) =>
    app(new Request(new URL(path, "http://service.example"), init));
  const post = (
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    token: string | undefined = callerToken(apiSecret),
  ) =>
    get(path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${token}`,
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  /** Returns the answer of `POST /links` to a body that it accepts. */
  const mint = async (body: unknown, headers: Record<string, string> = {}) => {
    const response = await post("/links", body, headers);
    const text = await response.text();
    if (response.status !== 201) throw new Error(`${response.status}: ${text}`);
    return JSON.parse(text) as MintedLink;
  };
  return { events, get, post, mint };
}

export interface MintedLink {
  readonly url: string;
  readonly page: string;
  readonly expires: string;
  readonly entries: number;
  readonly bytes: number;
}

/** Returns the claims in the URL of a link. */
export function claimsOf(url: string): Record<string, unknown> & { zip: Record<string, unknown> } {
  const payload = new URL(url).pathname.split("/")[2]?.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}
