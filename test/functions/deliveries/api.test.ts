import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { patterned, sha256 } from "../../support/bytes.ts";
import {
  type DeliveryService,
  serveBytes,
  startDeliveryService,
  startOrigin,
} from "../../support/delivery-service.ts";

/** The JSON of a response, of a form that the test states. */
async function jsonOf<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

interface Page {
  readonly deliveries: readonly { readonly id: string }[];
  readonly next_page_token?: string;
}

async function begin(service: DeliveryService, body: object, headers: Record<string, string> = {}) {
  const response = await service.call("POST", "/deliveries", { body, headers });
  return { response, body: await jsonOf<{ readonly id: string }>(response) };
}

async function deliver(service: DeliveryService, body: object) {
  const { response, body: begun } = await begin(service, body);
  expect(response.status, JSON.stringify(begun)).toBe(202);
  return service.settled(begun.id);
}

const problemOf = async (response: Response) => {
  const { status, code } = await jsonOf<{ status: number; code: string }>(response);
  return `${status} ${code}`;
};

describe("POST /deliveries", () => {
  test("delivers an archive, whose bytes and ETag are those of a link", async () => {
    const service = await startDeliveryService();
    await service.put("a/one.bin", patterned(3_000_000));
    await service.put("a/two.txt", "two");
    const { response, body } = await begin(service, {
      prefix: "a/",
      to: join(service.out, "x/exports.zip"),
    });
    expect(response.status).toBe(202);
    expect(response.headers.get("Location")).toBe(`http://ziplink.test/deliveries/${body.id}`);
    const { status, result } = await service.settled(body.id);
    expect(status).toBe("completed");
    const bytes = await service.read("x/exports.zip");
    expect(result?.size).toBe(bytes?.length);

    const link = await service.call("POST", "/links", {
      body: { prefix: "a/", headerCrc: "always" },
    });
    const archive = await service.fetch((await jsonOf<{ url: string }>(link)).url);
    expect(archive.headers.get("ETag")).toBe(result?.etag);
    expect(Buffer.from(await archive.arrayBuffer()).equals(bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test("delivers a file of the source, and one by its URL", async () => {
    const bytes = patterned(200_000);
    const origin = await startOrigin(serveBytes(bytes));
    const service = await startDeliveryService({ URL_HOSTS: origin.url });
    await service.put("a.bin", bytes);
    for (const from of [{ key: "a.bin" }, { url: `${origin.url}/f?signature=secret` }]) {
      const to = join(service.out, "url" in from ? "by-url" : "by-key");
      const body = { ...from, to, sha256: sha256(bytes), size: bytes.length };
      expect(await deliver(service, body)).toMatchObject({
        status: "completed",
        result: { checksums: { sha256: sha256(bytes) } },
      });
    }
    expect((await service.read("by-url"))?.equals(bytes)).toBe(true);
  });

  test("of the same Idempotency-Key is the same delivery, of the same caller alone", async () => {
    const service = await startDeliveryService();
    await service.put("a", "a");
    const body = { prefix: "", to: join(service.out, "a.zip") };
    const headers = { "Idempotency-Key": "export 17".replace(" ", "-") };
    const one = await begin(service, body, headers);
    const two = await begin(service, body, headers);
    expect(two.body.id).toBe(one.body.id);
    const other = { ...body, prefix: "a" };
    const refused = await service.call("POST", "/deliveries", { body: other, headers });
    expect(await problemOf(refused)).toBe("409 conflict");
    const stranger = await service.call("POST", "/deliveries", {
      body: { ...body, to: join(service.out, "b.zip") },
      headers,
      caller: "another",
    });
    const { id } = await jsonOf<{ id: string }>(stranger);
    expect(id).not.toBe(one.body.id);
    await service.settled(one.body.id);
    await service.settled(id, "another");
  });

  test.each([
    ["nowhere allowed", { to: "s3://another/x.zip" }, "403 forbidden"],
    ["beside the destination", { to: "/etc/x.zip" }, "403 forbidden"],
    ["no location", { to: "x.zip" }, "400 malformed"],
    ["an unknown field", { to: "OUT/x.zip", colour: "red" }, "400 malformed"],
    [
      "a URL while none is allowed",
      { prefix: undefined, url: "https://example.com/x", to: "OUT/x" },
      "403 forbidden",
    ],
    [
      "a URL and a key",
      { prefix: undefined, url: "https://example.com/x", key: "x", to: "OUT/x" },
      "400 malformed",
    ],
    [
      "a notice to anybody",
      { to: "OUT/x.zip", notify: { url: "https://example.com/" } },
      "403 forbidden",
    ],
    ["a bad recipient", { to: "OUT/x.zip", encrypt: { age: [] } }, "400 malformed"],
  ])("refuses %s", async (_, asked, problem) => {
    const service = await startDeliveryService();
    const body = JSON.parse(
      JSON.stringify({ prefix: "", ...asked }).replaceAll("OUT", service.out),
    );
    expect(await problemOf(await service.call("POST", "/deliveries", { body }))).toBe(problem);
  });

  test("keeps callers to their prefixes, in the source and in the destination", async () => {
    const service = await startDeliveryService();
    await service.put("mine/a", "a");
    await service.put("others/a", "a");
    const ask = async (body: object) => {
      const options = { body, prefixes: ["mine/"] };
      const response = await service.call("POST", "/deliveries", options);
      if (response.ok) await service.settled((await jsonOf<{ id: string }>(response)).id);
      return response.status;
    };
    const to = (key: string) => join(service.out, key);
    expect(await ask({ prefix: "mine/", to: to("mine/x.zip") })).toBe(202);
    expect(await ask({ prefix: "mine/", to: to("others/x.zip") })).toBe(403);
    expect(await ask({ prefix: "others/", to: to("mine/x.zip") })).toBe(403);
    expect(await ask({ key: "others/a", to: to("mine/x") })).toBe(403);
  });
});

describe("operations", () => {
  test("are listed in pages, for their caller alone", async () => {
    const service = await startDeliveryService();
    await service.put("a", "a");
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.push((await deliver(service, { prefix: "", to: join(service.out, `${i}.zip`) })).id);
    }
    const seen: string[] = [];
    let query = "?page_size=2";
    for (let pages = 0; query !== "" && pages < 10; pages++) {
      const page = await jsonOf<Page>(await service.call("GET", `/deliveries${query}`));
      expect(page.deliveries.length).toBeLessThanOrEqual(2);
      seen.push(...page.deliveries.map(({ id }) => id));
      const { next_page_token: token } = page;
      query = token === undefined ? "" : `?page_size=2&page_token=${token}`;
    }
    expect(seen.sort()).toEqual(ids.sort());
    const failed = await service.call("GET", "/deliveries?status=failed");
    expect(await failed.json()).toEqual({ deliveries: [] });
    const others = await service.call("GET", "/deliveries", { caller: "another" });
    expect(await others.json()).toEqual({ deliveries: [] });
    for (const query of ["?status=lost", "?page_token=x", "?page_size=many"]) {
      expect((await service.call("GET", `/deliveries${query}`)).status).toBe(400);
    }
  });

  test("tell what is wrong with a method, an id and a caller", async () => {
    const service = await startDeliveryService();
    await service.put("a", "a");
    const { id } = await deliver(service, { prefix: "", to: join(service.out, "a.zip") });
    expect((await service.call("PUT", "/deliveries")).status).toBe(405);
    expect((await service.call("GET", "/deliveries/none")).status).toBe(404);
    expect((await service.call("GET", "/deliveries/%2e%2e")).status).toBe(404);
    expect((await service.fetch("/deliveries")).status).toBe(401);
    for (const path of ["", "/events"]) {
      const options = { caller: "another" };
      expect((await service.call("GET", `/deliveries/${id}${path}`, options)).status).toBe(404);
    }
    expect(await problemOf(await service.call("POST", `/deliveries/${id}/pause`))).toBe(
      "409 conflict",
    );
    expect((await service.call("POST", `/deliveries/${id}/verify`)).status).toBe(200);
    expect((await service.call("DELETE", `/deliveries/${id}`)).status).toBe(204);
    expect((await service.call("GET", `/deliveries/${id}`)).status).toBe(404);
    expect(await service.read("a.zip")).toBeDefined();
  });

  test("of a failed delivery tell what to do", async () => {
    const service = await startDeliveryService();
    const failed = await deliver(service, { key: "missing", to: join(service.out, "a") });
    expect(failed).toMatchObject({ status: "failed", error: { code: "not_found" } });
    expect(failed.result).toBeUndefined();
    await service.put("missing", "found");
    const again = await service.call("POST", `/deliveries/${failed.id}/restart`);
    expect(again.status).toBe(202);
    expect((await service.settled(failed.id)).status).toBe("completed");
  });
});

describe("the result", () => {
  test("has a link to the file, with ranges, and a page", async () => {
    const service = await startDeliveryService();
    const bytes = patterned(100_000);
    await service.put("a.bin", bytes);
    const to = join(service.out, "Über uns.bin");
    const { result } = await deliver(service, { key: "a.bin", to });
    const whole = await service.fetch(result?.url ?? "");
    expect(whole.status).toBe(200);
    expect(whole.headers.get("Content-Disposition")).toContain(
      "filename*=UTF-8''%C3%9Cber%20uns.bin",
    );
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await service.fetch(result?.url ?? "", { headers: { Range: "bytes=5-9" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(5, 10))).toBe(true);
    const page = await service.fetch(result?.page ?? "");
    expect(page.headers.get("Content-Type")).toContain("text/html");
    expect(await page.text()).toContain("Über uns.bin");
    const forged = `${result?.page.slice(0, -2)}xx`;
    expect((await service.fetch(forged)).status).toBe(401);
  });

  test("is pinned: another file in its place is not sent", async () => {
    const service = await startDeliveryService();
    await service.put("a", "a");
    const to = join(service.out, "a");
    const { result } = await deliver(service, { key: "a", to });
    await service.put("a", "changed");
    await deliver(service, { key: "a", to, overwrite: true });
    expect((await service.fetch(result?.url ?? "")).status).toBe(412);
  });
});

describe("notices", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

  test("are signed by the Standard Webhooks specification, and sent until they are taken", async () => {
    let refusals = 1;
    const receiver = await startOrigin((_, response) => {
      response.writeHead(refusals-- > 0 ? 500 : 204).end();
    });
    const service = await startDeliveryService({
      NOTIFY_HOSTS: receiver.url,
      NOTIFY_SECRET: secret,
    });
    await service.put("a", "a");
    const notify = { url: `${receiver.url}/hook` };
    const { id } = await deliver(service, { prefix: "", to: join(service.out, "a.zip"), notify });
    await receiver.came(2);
    const [first, second] = receiver.requests;
    expect(second?.request.headers["webhook-id"]).toBe(first?.request.headers["webhook-id"]);
    const verified = new Webhook(secret).verify(
      second?.body ?? "",
      second?.request.headers as Record<string, string>,
    );
    expect(verified).toMatchObject({
      type: "delivery.completed",
      data: { id, status: "completed" },
    });
    // Nothing of keys, places or links.
    expect(second?.body).not.toContain(service.out);
  });
});
