import * as z from "zod/mini";
import { archivePage, descriptionSchema } from "./archive-page.ts";
import { errorPage } from "./error-page.ts";
import { pageHeaders } from "./headers.ts";

const problemSchema = z.object({ code: z.string() });

/** What a client is told beside the page. */
const KEPT_HEADERS = ["Retry-After", "WWW-Authenticate"];

/** The page that says what an answer to `?format=json` says: an archive's description, or a problem. */
export async function toPage(answer: Response, token: string): Promise<Response> {
  const { status } = answer;
  if (status === 200) {
    const page = archivePage(descriptionSchema.parse(await answer.json()), token);
    return new Response(page, { headers: pageHeaders });
  }
  const { code } = problemSchema.parse(await answer.json());
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const headers = { ...pageHeaders, ...Object.fromEntries(kept) };
  return new Response(errorPage(status, code), { status, headers });
}
