import type { PageData } from "../page-data.ts";

/** Returns the element with an ID that the server has written; throws if there is none of this type. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} "${id}"`);
}

/** Reads the data that the server passes to the script; see `PageData`. */
export function readPageData(): PageData {
  return JSON.parse(byId("archive", HTMLScriptElement).text) as PageData;
}
