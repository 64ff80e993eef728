import { create as contentDisposition } from "content-disposition";
import type { Context, Hono } from "hono";
import type { BlobSource } from "../../core/blob-source.ts";
import type { Delivery } from "../../core/delivery/delivery.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { refuse } from "../../core/http/refuse.ts";
import { respondObject } from "../../core/http/respond-object.ts";
import type { JwtKeys } from "../../core/links/jwt-keys.ts";
import { type ObjectLink, signObjectLink, verifyObjectLink } from "../../core/links/object-link.ts";
import { safeSegment } from "../../core/planning/names.ts";
import { chooseLanguage } from "../page/languages.ts";
import type { PageSettings } from "../page/page.ts";
import type { ScopedEnv } from "../protection/scopes.ts";
import type { ResultLinks } from "./describe-delivery.ts";

/** Where delivered objects are read, and how the store lets others read them. */
export interface DeliveredObjects {
  /** Returns where the object of a `Delivery.to` is. Throws `forbidden` where it is no longer allowed. */
  readonly find: (to: string) => {
    readonly key: string;
    /** Its passing failures should not show. */
    readonly source: BlobSource;
    readonly presign:
      | ((options: {
          readonly key: string;
          readonly expiresIn: number;
          readonly contentDisposition: string;
        }) => Promise<string>)
      | undefined;
  };
}

/** Options of `addObjects`. */
export interface ObjectRouteOptions extends DeliveredObjects {
  readonly linkKeys: JwtKeys;
  readonly cacheControl: string;
  readonly page: PageSettings;
}

/** A presigned URL opens the object for whoever has it: no longer than a download needs to begin. */
const MAX_PRESIGNED_SECONDS = 3600;

/** Mints links to a completed delivery's object, which work for so many seconds from then on. */
export async function mintResult(
  { id, to, result, updated }: Delivery,
  base: string,
  linkKeys: JwtKeys,
  seconds: number,
): Promise<ResultLinks | undefined> {
  if (!result) return undefined;
  const { version, size, checksums } = result;
  const expires = new Date(Date.parse(updated) + seconds * 1000);
  const token = await signObjectLink({ id, to, version, size, checksums, expires }, linkKeys);
  const page = `${base}/o/${token}`;
  return { url: `${page}/${encodeURIComponent(filenameOf(to))}`, page };
}

/** Adds the routes of links to delivered objects: a page, and the object by a redirect or as it is. */
export function addObjects(app: Hono<ScopedEnv>, options: ObjectRouteOptions): void {
  app.get("/o/:token", (context) =>
    answer(context, async (link, { headers }) => {
      const language = chooseLanguage(headers.get("Accept-Language"), options.page.languages);
      const { lookOf } = await import("../page/look.ts");
      const { objectPage } = await import("../page/object-page.ts");
      const look = lookOf(language, options.page);
      const filename = filenameOf(link.to);
      const url = `${context.req.param("token")}/${encodeURIComponent(filename)}`;
      return new Response(objectPage(link, filename, url, look), { headers: look.headers });
    }),
  );

  app.get("/o/:token/*", (context) =>
    answer(context, async (link, request) => {
      const { key, source, presign } = options.find(link.to);
      const filename = filenameOf(link.to);
      const blob = await source.stat(key, request.signal);
      if (blob.version !== link.version) {
        throw new ZiplinkError(
          "precondition_failed",
          "The file has changed since this link was made. Ask for a new one.",
        );
      }
      if (!presign) {
        return respondObject(request, { ...options, blob, source, filename });
      }
      const left = Math.floor((link.expires.getTime() - Date.now()) / 1000);
      const expiresIn = Math.max(1, Math.min(left, MAX_PRESIGNED_SECONDS));
      const Location = await presign({
        key,
        expiresIn,
        contentDisposition: contentDisposition(filename),
      });
      const headers = { Location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" };
      return new Response(null, { status: 307, headers });
    }),
  );

  async function answer(
    context: Context<ScopedEnv>,
    work: (link: ObjectLink, request: Request) => Promise<Response>,
  ): Promise<Response> {
    const request = context.req.raw;
    const scope = context.get("scope");
    let link: ObjectLink | undefined;
    try {
      link = await verifyObjectLink(context.req.param("token") ?? "", options.linkKeys);
      await scope.admit({ link: link.id });
      return await work(link, request);
    } catch (error) {
      return refuse(request, error, link ? { link: link.id } : {}, scope.audit);
    }
  }
}

/** The last part of a delivery's URL, as a file name. */
function filenameOf(to: string): string {
  return safeSegment(to.slice(to.lastIndexOf("/") + 1)) || "file";
}
