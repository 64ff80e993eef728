import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ArchiveSpec } from "../../core/planning/archive-spec.ts";
import { type Downloaded, download } from "../support/download.ts";
import { linkSecret as secret } from "../support/secrets.ts";

function problemOf({ headers, bytes }: Downloaded): Record<string, unknown> {
  expect(headers["content-type"]).toBe("application/problem+json");
  return JSON.parse(bytes.toString()) as Record<string, unknown>;
}

/** The running service of an entrypoint, as the tests of refusals need it. */
interface Refusing {
  urlOf(path: string): string;
  link(request: ArchiveSpec): Promise<string>;
  /** Returns everything that it has printed. */
  output(): string;
  /** Waits for the audit line `event` of the link `token`. */
  audited(token: string, event: string): Promise<unknown>;
}

/** Describes what every entrypoint refuses, and in which words. Part of `describeEntrypoint`. */
export function describeRefusals({ urlOf, link, output, audited }: Refusing): void {
  const at = (token: string) => urlOf(`/zip/${token}`);

  describe("bad links reveal nothing", () => {
    const forge = async (prefix: string, change: (token: string) => string) =>
      change(await link({ prefix }));
    const resign = (header: object) => (token: string) => {
      const body = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${token.split(".")[1]}`;
      return `${body}.${createHmac("sha256", "x".repeat(32)).update(body).digest("base64url")}`;
    };
    const claims = (changed: object) => (token: string) => {
      const [head, body = ""] = token.split(".");
      const payload = { ...JSON.parse(Buffer.from(body, "base64url").toString()), ...changed };
      const input = `${head}.${Buffer.from(JSON.stringify(payload)).toString("base64url")}`;
      return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
    };
    test.each<[string, number, (token: string) => string]>([
      ["tampered", 401, (token) => token.replace(/.(?=[^.]*$)/, (c) => (c === "A" ? "B" : "A"))],
      ["wrong key", 401, resign({ alg: "HS256" })],
      ["alg none", 401, (token) => `${resign({ alg: "none" })(token).replace(/[^.]*$/, "")}`],
      ["wrong audience", 401, claims({ aud: "ziplink-api" })],
      ["no expiry", 401, claims({ exp: undefined })],
      ["expired", 410, claims({ exp: 1_700_000_000 })],
      ["garbage", 401, () => "garbage"],
    ])("%s: %i", async (_, status, change) => {
      const answers = [];
      for (const prefix of ["sample/", "nothing-here/"]) {
        const response = await download(at(await forge(prefix, change)));
        expect(response.status).toBe(status);
        expect(problemOf(response)).toMatchObject({ status, type: "about:blank" });
        const { date: __, "x-request-id": ___, ...headers } = response.headers;
        answers.push({ headers, body: response.bytes.toString() });
      }
      // The text is the same whether or not anything is behind the link.
      expect(answers[0]).toEqual(answers[1]);
      if (status === 401) {
        expect(answers[0]?.headers["www-authenticate"]).toBe('Bearer error="invalid_token"');
      }
    });
  });

  test.each(["%", "%zz", "%ff", "%C3", "%20%"])(
    "a link followed by %j, which is no escape, is refused in our own words, and never logged",
    async (suffix) => {
      const token = await link({ prefix: "sample/" });
      const zip = await download(at(token) + suffix);
      const page = await download(urlOf(`/d/${token}${suffix}`));
      expect([zip.status, page.status]).toEqual([401, 401]);
      problemOf(zip);
      expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
      for (const { headers, bytes } of [zip, page]) {
        expect(headers["content-security-policy"]).toContain("default-src 'none'");
        expect(headers["referrer-policy"]).toBe("no-referrer");
        for (const text of [token, "node_modules", "URIError"]) {
          expect(bytes.includes(text), text).toBe(false);
        }
      }
      expect((await download(`${at(token)}/100${suffix}.zip`)).status).toBe(200);
      for (const text of [token, "URIError"]) expect(output()).not.toContain(text);
    },
  );

  test.each<[string, ArchiveSpec, number, string]>([
    [
      "a missing object",
      { entries: [{ key: "sample/README.md" }, { key: "geheim" }] },
      404,
      "One or more objects were not found.",
    ],
    [
      "an empty prefix",
      { prefix: "nothing/" },
      404,
      "There are no objects under this link's prefix.",
    ],
    [
      "too many entries",
      { entries: Array(21).fill({ key: "sample/README.md" }) },
      422,
      "This archive would hold 21 files; the limit is 20. Ask for fewer files, or for several archives.",
    ],
    [
      "too many bytes",
      { entries: [{ key: "huge/medical.bin" }, { key: "huge/medical.bin", name: "2" }] },
      413,
      "The files add up to 8.6 GB; the limit is 5.0 GB. Ask for fewer files, or for several archives.",
    ],
  ])("%s", async (_, request, status, detail) => {
    const token = await link(request);
    const response = await download(at(token));
    expect(response.status).toBe(status);
    expect(problemOf(response)).toMatchObject({ status, detail });
    expect(await audited(token, "request_refused")).toMatchObject({ status });
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("%s is not allowed", async (method) => {
    const response = await download(at(await link({ prefix: "sample/" })), { method });
    expect(response.status).toBe(405);
    expect(response.headers.allow).toBe("GET, HEAD");
    problemOf(response);
  });

  test("any other path is not found", async () => {
    for (const path of ["/", "/zip", "/zip/", "/zap/a/b/c", "/../etc/passwd", "//zip/x"]) {
      const response = await download(urlOf(path));
      expect(response.status, path).toBe(404);
      problemOf(response);
    }
  });
}
