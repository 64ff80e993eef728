import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { signLink } from "../../../core/links/link.ts";
import { download } from "../../support/download.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { startService } from "../../support/service-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Starts a service for a folder with one good file and one link that leads out, and asks for all of it. */
async function downloadAll(env: Record<string, string>) {
  const root = await temporaryFolder();
  await mkdir(join(root, "albums"));
  await writeFile(join(root, "albums/good.txt"), "good");
  await symlink("/etc/hostname", join(root, "albums/out.txt"));
  const service = await startService("functions/node.ts", {
    SOURCE: root,
    LINK_SECRET: secret,
    ...env,
  });
  onTestFinished(async () => void (await service.stop()));
  const expires = new Date(Date.now() + 60_000);
  const token = await signLink({ prefix: "" }, { secret, expires });
  return { service, answer: await download(`${service.url}/zip/${token}`) };
}

test("by default a link that leads out refuses the archive; the log names it", async () => {
  const { service, answer } = await downloadAll({});
  expect(answer.status).toBe(404);
  expect(answer.bytes.toString()).not.toContain("out.txt");
  const line = await service.nextLine(({ message }) => message === "request_refused");
  expect(line).toMatchObject({
    severity: "WARNING",
    status: 404,
    failure: { code: "denied", reason: "link_leads_out", path: "albums/out.txt" },
  });
});

test("with UNREADABLE_FILES=report it is left out, and listed in the archive", async () => {
  const { service, answer } = await downloadAll({ UNREADABLE_FILES: "report" });
  expect([answer.status, answer.complete]).toEqual([200, true]);
  for (const text of ["albums/good.txt", "_missing.txt", "albums/out.txt\n"]) {
    expect(answer.bytes.includes(text)).toBe(true);
  }
  const line = await service.nextLine(({ message }) => message === "download_ended");
  expect(line).toMatchObject({ severity: "INFO", missing: { link_leads_out: 1 } });
});
