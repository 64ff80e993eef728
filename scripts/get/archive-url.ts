/**
 * Returns the URL of the archive that a link leads to, or `undefined` if `text` is no HTTP URL. The page
 * of a link, `/d/TOKEN`, leads to the archive of the same token, `/zip/TOKEN`.
 */
export function archiveUrlOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return undefined;
  const page = /^(.*)\/d\/([\w-]+\.[\w-]+\.[\w-]+)$/.exec(url.pathname);
  return page ? `${url.origin}${page[1]}/zip/${page[2]}` : text;
}
