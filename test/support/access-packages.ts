import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createFsObjectStore } from "../../adapters/fs/object-store.ts";
import { createFsSource } from "../../adapters/fs/source.ts";
import { createManifestStore, secretKeys } from "../../core/index.ts";
import { attachmentKey, dataKey } from "../../examples/access-package/access-package.ts";
import { createAccessPackages } from "../../examples/access-package/app.ts";
import { openDatabase } from "../../examples/access-package/database.ts";
import { addMember } from "../../examples/shared/sessions.ts";
import { createNodeListener } from "../../functions/index.ts";
import { download } from "./download.ts";
import { captureLog, listen } from "./examples.ts";
import { linkSecret } from "./secrets.ts";
import { makeFolder, removeFolder } from "./temporary-folder.ts";

/** The base of the links in messages, whoever requests them. */
export const PUBLIC_URL = "https://privacy.example.org";

export type AccessPackagesService = Awaited<ReturnType<typeof startAccessPackages>>;

/**
 * Starts the access-package example over HTTP, with two workspaces and no requests. Rows are
 * identified by names.
 */
export async function startAccessPackages() {
  const log = captureLog();
  const db = openDatabase();
  const folder = await makeFolder();
  const root = join(folder, "objects");
  /** Texts that must appear neither in a body nor in the log. */
  const secrets = [folder, "privacy-requests/", "eyJ"];
  const ids = new Map<string, string>();
  const idOf = (name: string) => {
    const id = ids.get(name) ?? crypto.randomUUID();
    ids.set(name, id);
    return id;
  };

  async function put(key: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), text);
  }

  /** Adds a member, and returns their session's token. */
  function enroll(name: string, role = "privacy_officer", workspace = "ours"): string {
    const member = { userId: idOf(name), workspaceId: idOf(workspace), role };
    const token = addMember(db, member);
    secrets.push(token);
    return token;
  }

  /** Adds a request with its data, with `files` (texts by name) and one record. */
  async function addRequest(
    name: string,
    {
      status = "complete",
      workspace = "ours",
      files = {},
    }: { status?: string; workspace?: string; files?: Record<string, string> } = {},
  ): Promise<void> {
    const email = `${name.replaceAll(" ", ".")}@betroffen.example`;
    db.prepare("INSERT INTO privacy_requests VALUES (?, ?, ?, ?, '2026-02-03T04:05:06Z')").run(
      idOf(name),
      idOf(workspace),
      status,
      email,
    );
    const value = `<script>alert("Geheimnis von ${name}")</script>`;
    db.prepare("INSERT INTO records VALUES (?, 'CRM', 'Notiz', ?)").run(idOf(name), value);
    secrets.push(email, "Geheimnis");
    await put(dataKey(idOf(name)), JSON.stringify({ "CRM: Notiz": value }));
    for (const [fileName, text] of Object.entries(files)) await attach(name, fileName, text);
  }

  /** Adds an attachment to a request, and returns its id. */
  async function attach(request: string, fileName: string, text: string): Promise<string> {
    const id = crypto.randomUUID();
    db.prepare("INSERT INTO attachments VALUES (?, ?, ?, ?, NULL)").run(
      id,
      idOf(request),
      fileName,
      `Beschreibung <b>${fileName}</b>`,
    );
    secrets.push(fileName);
    await put(attachmentKey(idOf(request), id), text);
    return id;
  }

  for (const name of ["ours", "theirs"]) {
    db.prepare("INSERT INTO workspaces VALUES (?, ?)").run(idOf(name), `Verein ${name}`);
  }
  const officer = enroll("officer");
  const linkKeys = secretKeys(linkSecret);

  /** Starts the application as another process would, on the same database and stores. */
  const start = () => {
    const objects = createFsObjectStore({ root: join(folder, "manifests") });
    const app = createAccessPackages({
      db,
      source: createFsSource({ root }),
      logger: log.logger,
      linkKeys,
      manifests: createManifestStore({ objects }),
      publicUrl: PUBLIC_URL,
    });
    return listen(createNodeListener(app));
  };
  const server = await start();

  interface Asking {
    readonly method?: string;
    readonly token?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly at?: string;
  }
  const ask = (
    request: string,
    what: "stream" | "message",
    { token = officer, headers = {}, at = server.url, ...rest }: Asking = {},
  ) =>
    download(`${at}/api/v1/privacy-request/${ids.get(request) ?? request}/access-package/${what}`, {
      ...rest,
      headers: { Authorization: `Bearer ${token}`, ...headers },
    });

  return {
    log,
    db,
    linkKeys,
    idOf,
    enroll,
    addRequest,
    attach,
    put,
    start,
    stream: (request: string, asking?: Asking) => ask(request, "stream", asking),
    announce: (request: string, asking?: Asking) =>
      ask(request, "message", { method: "POST", ...asking }),
    /** Returns the messages that wait for the mailer. */
    outbox: (request: string) =>
      db.prepare("SELECT * FROM outbox WHERE request_id = ? ORDER BY rowid").all(idOf(request)),
    /** Returns the link of a message, with the server's own address in place of the public one. */
    linkIn: (body: unknown) =>
      /https:\S+/.exec(String(body))?.[0].replace(PUBLIC_URL, server.url) ?? "",
    secrets,
    async stop() {
      await server.stop();
      await removeFolder(folder);
    },
  };
}
