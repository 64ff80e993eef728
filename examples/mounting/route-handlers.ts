/** Ziplink in route handlers that take a `Request` and return a `Response`, as in Next.js. */
import {
  type AppOptions,
  createApp,
  createArchives,
  describeProblem,
} from "../../functions/index.ts";
import { sendDocuments } from "./documents.ts";

const MOUNT = "/files";

/**
 * Creates the handlers. `options.publicUrl` must end with `/files`, where the service is mounted. In Next.js:
 *
 *     // app/files/[...path]/route.ts
 *     export const { GET, HEAD, POST, OPTIONS } = handlers.files;
 *     // app/orders/[id]/documents/route.ts
 *     export const { GET, HEAD } = handlers.documents;
 */
export function createRouteHandlers(options: AppOptions) {
  const archives = createArchives(options);
  const ziplink = createApp(options, archives);

  // The service: links, their page and, with `auth`, POST /files/links. It answers its errors itself.
  const files = (request: Request) => {
    const url = new URL(request.url);
    url.pathname = url.pathname.slice(MOUNT.length);
    return ziplink(new Request(url, request));
  };

  // A route of the application, which answers its errors.
  const documents = async (request: Request, { params }: { params: Promise<{ id: string }> }) => {
    try {
      return await sendDocuments(archives, request, (await params).id);
    } catch (error) {
      const { status, detail, headers } = describeProblem(error);
      return Response.json({ error: detail }, { status, headers });
    }
  };

  return {
    files: { GET: files, HEAD: files, POST: files, OPTIONS: files },
    documents: { GET: documents, HEAD: documents },
  };
}
