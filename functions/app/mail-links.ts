/** Characters that mail programs, chats and people put behind a link; a token never ends in one of them. */
const BEHIND = /[\s.,;:!?)>\]}'"*”’»]+$/u;

/** The compact form of a JWT (RFC 7515, 7.1). */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Redirects a link that came with something behind its token, such as the full stop of a sentence, or
 * a page's link with a slash behind it, to the link itself; `undefined` for any other request. The
 * token is looked at only as text: the one that is followed has a single spelling, and is verified
 * where the redirect leads.
 */
export function redirectFromMail(request: Request): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const { pathname, search } = new URL(request.url);
  const [, route = "", segment = "", rest = ""] =
    /^\/(d|zip)\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const token = decode(segment).replace(BEHIND, "");
  if (!TOKEN.test(token)) return undefined;
  // A page's relative links lead elsewhere below a slash.
  const isPageWithSlash = route === "d" && /^\/+$/.test(rest);
  if (segment === token && !isPageWithSlash) return undefined;
  // Relative, so that it holds below any path that the service is mounted at (RFC 9110, 10.2.2).
  const up = "../".repeat(rest.split("/").length - 1);
  const location = `${up}${up === "" ? "./" : ""}${token}${isPageWithSlash ? "" : rest}${search}`;
  return new Response(
    "This link was mangled on its way: something was put behind it. The right one is where this redirect leads.\n",
    {
      status: 308,
      headers: {
        Location: location,
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
      },
    },
  );
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return ""; // no UTF-8, so no token either
  }
}
