import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { appOf } from "../../support/apps.ts";
import { linkSecret as secret } from "../../support/secrets.ts";

const expires = new Date(Date.now() + 3_600_000);
const tokenOf = () => signLink({ prefix: "", name: "Documents" }, { secret, expires });
const { get } = appOf(createMemorySource({ "a.txt": "a", "b.txt": "b" }));

/** The response behind redirects, as a browser gets it; how many there were, too. */
async function follow(path: string): Promise<{ response: Response; redirects: number }> {
  let url = new URL(path, "http://localhost");
  for (let redirects = 0; redirects < 5; redirects++) {
    const response = await get(url.pathname + url.search);
    if (response.status !== 308) return { response, redirects };
    url = new URL(response.headers.get("location") ?? "", url);
  }
  throw new Error("redirects without end");
}

describe("a link with something behind it leads to the link", () => {
  test.each<readonly [string, string]>([
    ...[".", ",", ")", "%3E", "%20", "%09", ").", "%22", "%E2%80%9D", "!", "?x=1", "%5D"].map(
      (end): [string, string] => [`/d/TOKEN${end}`, "text/html"],
    ),
    ["/d/TOKEN/", "text/html"],
    ["/zip/TOKEN/", "application/zip"],
    ["/zip/TOKEN.", "application/zip"],
    ["/zip/TOKEN,/Documents.zip", "application/zip"],
    ["/zip/TOKEN/Documents.zip/", "application/zip"],
    ["/zip/TOKEN/Your/Documents.zip", "application/zip"],
    ["/zip/TOKEN/Documents.zip).", "application/zip"],
  ])("%s", async (path, type) => {
    const { response, redirects } = await follow(path.replace("TOKEN", await tokenOf()));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain(type);
    expect(redirects).toBeLessThanOrEqual(1);
    await response.body?.cancel();
  });

  test("also below a path that the service is mounted at", async () => {
    const token = await tokenOf();
    for (const [path, target] of [
      [`/d/${token}.`, `/files/d/${token}`],
      [`/d/${token}/`, `/files/d/${token}`],
      [`/zip/${token})/x.zip?only=0`, `/files/zip/${token}/x.zip?only=0`],
    ] as const) {
      const location = (await get(path)).headers.get("location") ?? "";
      const { pathname, search } = new URL(location, `http://localhost/files${path}`);
      expect(pathname + search).toBe(target);
    }
  });
});

test.each(["=", "==", "%00", "-", "%C3", "%"])(
  "a token with %s behind it is refused",
  async (end) => {
    for (const route of ["d", "zip"]) {
      const { response } = await follow(`/${route}/${await tokenOf()}${end}`);
      expect([400, 401]).toContain(response.status);
    }
  },
);

test("nothing but a link's own routes redirects", async () => {
  const token = await tokenOf();
  for (const path of [`/e/${token}.`, "/d/a.b.", "/d/..", "/zip/x)"]) {
    expect((await get(path)).status).not.toBe(308);
  }
  expect((await get(`/d/${token}.`, { method: "POST" })).status).toBe(405);
});

test("a guard behind &amp; guards", async () => {
  const path = `/zip/${await tokenOf()}?only=0`;
  expect((await get(`${path}&amp;of=another`)).status).toBe(412);
  expect((await get(`${path}&amp;amp;of=another`)).status).toBe(412);
  const one = await get(`/zip/${await tokenOf()}?amp;only=0`);
  expect(one.status).toBe(200);
  await one.body?.cancel();
});
