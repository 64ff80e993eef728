import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { createFsSource } from "../../adapters/fs/source.ts";
import type { BlobSource } from "../../core/index.ts";
import { createClientAttachments } from "../../examples/client-attachments/app.ts";
import { openDatabase } from "../../examples/client-attachments/database.ts";
import { addMember } from "../../examples/shared/sessions.ts";
import { createNodeListener } from "../../functions/index.ts";
import { download } from "./download.ts";
import { captureLog, listen } from "./examples.ts";
import { makeFolder, removeFolder } from "./temporary-folder.ts";

/**
 * The unusual parts of a request. By default, an advisor of our workspace requests files of
 * `client`.
 */
interface Asking {
  readonly client?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of the application. */
  readonly at?: string;
}

export type ClientAttachmentsService = Awaited<ReturnType<typeof startClientAttachments>>;

/**
 * Starts the client-attachments example over HTTP, with two workspaces. Rows are identified by
 * names; other ids are sent unchanged.
 */
export async function startClientAttachments() {
  const log = captureLog();
  const db = openDatabase();
  const root = await makeFolder();
  await mkdir(join(root, "uploads"));
  const source = createFsSource({ root });
  /** Texts that must appear neither in a body nor in the log. */
  const secrets = [root];
  const ids = new Map<string, string>();
  const idOf = (name: string) => {
    const id = ids.get(name) ?? crypto.randomUUID();
    ids.set(name, id);
    return id;
  };

  /** Adds a member, and returns their session's token. */
  const enroll = (name: string, role = "advisor", workspace = "ours") => {
    const member = { userId: idOf(name), workspaceId: idOf(workspace), role };
    const token = addMember(db, member);
    secrets.push(token);
    return token;
  };
  const addClient = (name: string, workspace: string, deleted: string | null = null) =>
    db.prepare("INSERT INTO clients VALUES (?, ?, ?)").run(idOf(name), idOf(workspace), deleted);

  const pathOf = (name: string) => join(root, keyOf(name));
  const keyOf = (name: string) => `uploads/geheim-${name}.bin`;

  /**
   * Adds an attachment whose object has `content`: a text, a number of bytes, or no object at all.
   */
  async function attach(
    name: string,
    client: string,
    fileName: string,
    content: string | number | undefined,
    deleted: string | null = null,
  ): Promise<void> {
    db.prepare("INSERT INTO attachments VALUES (?, ?, ?, ?, ?)").run(
      idOf(name),
      idOf(client),
      fileName,
      keyOf(name),
      deleted,
    );
    secrets.push(fileName, `geheim-${name}`);
    if (content === undefined) return;
    await writeFile(pathOf(name), typeof content === "string" ? content : "");
    if (typeof content === "number") await truncate(pathOf(name), content); // sparse
  }

  for (const name of ["ours", "theirs"]) {
    db.prepare("INSERT INTO workspaces VALUES (?, ?)").run(idOf(name), `Kanzlei ${name}`);
  }
  const advisor = enroll("advisor");
  addClient("client", "ours");
  addClient("other", "ours");
  addClient("gone", "ours", "2026-01-01T00:00:00Z");
  addClient("stranger", "theirs");
  await attach("a1", "client", "Befund Müller.pdf", "first");
  await attach("a2", "client", "BEFUND MÜLLER.pdf", "second");
  await attach("a3", "client", "Befund Müller.pdf", "third");
  await attach("evil", "client", '../../etc/"x"\r\nSet-Cookie: a=b.txt', "fourth");
  await attach("deleted", "client", "Gelöscht.txt", "deleted", "2026-01-01T00:00:00Z");
  await attach("lost", "client", "Verloren.txt", undefined);
  await attach("leading out", "client", "Verweis.txt", undefined);
  await symlink(import.meta.filename, pathOf("leading out"));
  await attach("of other", "other", "Andere.txt", "of another client");
  await attach("of gone", "gone", "Vergangen.txt", "of a deleted client");
  await attach("of stranger", "stranger", "Fremd.txt", "of another workspace");

  /** Serves the example over another source, on a separate port. */
  const listenOver = (otherSource: BlobSource) =>
    listen(
      createNodeListener(
        createClientAttachments({
          db,
          source: otherSource,
          logger: log.logger,
          now: () => new Date("2026-03-04T05:06:07.890Z"),
        }),
      ),
    );
  const server = await listenOver(source);

  /** Returns the request with `body`, which is sent as JSON unless it is a string. */
  function requestFor(
    body: unknown,
    { client = "client", token = advisor, headers = {}, at = server.url }: Asking = {},
  ) {
    const url = `${at}/api/v1/clients/${ids.get(client) ?? client}/attachments/download-multiple`;
    const options = {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    };
    return [url, options] as const;
  }
  const send = (body: unknown, asking?: Asking) => download(...requestFor(body, asking));
  const selectionOf = (wanted: readonly string[]) => ({
    attachment_ids: wanted.map((id) => ids.get(id) ?? id),
  });

  return {
    log,
    db,
    source,
    url: server.url,
    idOf,
    enroll,
    attach,
    pathOf,
    listenOver,
    requestFor,
    selectionOf,
    send,
    /** Requests attachments. */
    ask: (wanted: readonly string[], asking?: Asking) => send(selectionOf(wanted), asking),
    expectNothingLeaked(...bodies: readonly Buffer[]): void {
      const text = log.text() + bodies.map(String).join("\n");
      for (const secret of secrets) expect(text).not.toContain(secret);
    },
    async stop() {
      await server.stop();
      await removeFolder(root);
    },
  };
}
