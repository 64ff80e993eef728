import type { PageData } from "../page-data.ts";

/** The element of an id that the server has written. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} "${id}"`);
}

/** What the server tells the script; see `PageData`. */
export function readPageData(): PageData {
  return JSON.parse(byId("archive", HTMLScriptElement).text) as PageData;
}
