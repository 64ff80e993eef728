/** The page's script: local times, selections, and downloads that the page makes itself. */
import { isPassingStatus } from "../../../core/async/retry.ts";
import { fill } from "../formats.ts";
import { Download } from "./download.ts";
import { byId, readPageData } from "./elements.ts";
import { Panel } from "./panel.ts";
import { problem, toProblem } from "./problem.ts";
import type { DownloadRecord } from "./records.ts";
import { type Selection, SelectionList } from "./selection.ts";
import { chooseFile, findUnfinished } from "./storage.ts";
import { formats, texts } from "./texts.ts";

const data = readPageData();
const panel = new Panel();
const actions = byId("actions", HTMLDivElement);
const link = byId("download", HTMLAnchorElement);
const linkText = link.querySelector("span");
const linkSize = byId("download-size", HTMLElement);
const here = byId("here", HTMLButtonElement);
const clear = byId("clear", HTMLButtonElement);
const notice = byId("notice", HTMLParagraphElement);
const selectionText = byId("selection", HTMLParagraphElement);
/** Texts that the server has written, shown when nothing is selected. */
const written = {
  label: linkText?.textContent ?? "",
  size: linkSize.textContent,
  hint: selectionText.textContent,
};
const list = new SelectionList(data.sizes, showSelection);

/** Returns the URL of a selection, which works only for exactly this version of the archive. */
function urlOf(only: string): string {
  if (only === "") return data.url;
  return `${data.url}?${new URLSearchParams({ only, of: data.etag.slice(1, -1) })}`;
}

function showSelection(): void {
  const selection = list.current;
  const { only, count, size, isTooScattered } = selection;
  const isAll = only === "";
  const amounts = { files: formats.plural(texts.files, count), size: formats.bytes(size) };
  if (linkText) linkText.textContent = isAll ? written.label : texts.downloadSelected;
  linkSize.textContent = isAll ? written.size : fill(texts.amountSelected, amounts);
  selectionText.textContent = isAll ? written.hint : fill(texts.selected, amounts);
  notice.textContent = isTooScattered ? texts.problems.tooScattered : "";
  clear.hidden = isAll;
  link.hidden = isTooScattered;
  // If it is too long for one response, the main button does the same, so this one is hidden.
  here.hidden = isTooScattered || data.length === null || !fitsOneResponse(selection);
  link.href = urlOf(only);
}

/** Sends a request and returns its response; throws a `Problem` unless it succeeded. */
async function ask(url: string, method: "GET" | "HEAD"): Promise<Response> {
  const response = await fetch(url, { method, cache: "no-store" }).catch((cause: unknown) => {
    throw problem("notNow", cause);
  });
  if (response.ok) return response;
  if (response.status === 410) throw problem("expired");
  if (response.status === 412) throw problem("changed");
  throw problem(isPassingStatus(response.status) ? "notNow" : "refused");
}

/** Returns the ETag and length of a selection; for part of the archive, as the server describes it now. */
async function describe({ only }: Selection): Promise<{ etag: string; length: number }> {
  if (data.length === null) throw problem("unexpected");
  if (only === "") return { etag: data.etag, length: data.length };
  const response = await ask(`${urlOf(only)}&format=json`, "GET");
  return (await response.json()) as { etag: string; length: number };
}

/** Whether one response can hold the download. Assumes more overhead than a ZIP has. */
function fitsOneResponse({ only, count, size }: Selection): boolean {
  const length = only === "" ? (data.length ?? 0) : size * 1.001 + (count + 1) * 2500;
  return data.slice === null || length <= data.slice;
}

/** Leaves the download to the browser, unless that would show an error that is meant for programs. */
async function downloadByBrowser(): Promise<void> {
  const url = urlOf(list.current.only);
  try {
    await ask(url, "HEAD");
    notice.textContent = texts.handedOver;
    location.assign(url);
  } catch (error) {
    showProblem(error);
  }
}

async function downloadHere(): Promise<void> {
  const selection = list.current;
  try {
    const handle = await chooseFile(data.filename);
    const { etag, length } = await describe(selection);
    const record: DownloadRecord = {
      etag,
      archive: data.etag,
      only: selection.only,
      filename: data.filename,
      length,
      ...(handle ? { handle } : {}),
      touched: Date.now(),
      done: false,
    };
    await open(record).run();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    showProblem(error);
  }
}

function open(record: DownloadRecord): Download {
  actions.hidden = true;
  return new Download(urlOf(record.only), record, panel, () => {
    panel.hide();
    actions.hidden = false;
    link.focus();
  });
}

function showProblem(error: unknown): void {
  const { message } = toProblem(error);
  const done = { label: texts.done, run: () => panel.hide() };
  panel.show({ heading: texts.notStarted, message, actions: [done], tone: "bad" });
  panel.progress(undefined);
}

function showLocalTimes(): void {
  for (const time of document.querySelectorAll("time")) {
    time.textContent = formats.time(new Date(time.dateTime));
  }
}

link.addEventListener("click", (event) => {
  // A click with a modifier key opens or saves the plain link, as the browser does for any link.
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  void (fitsOneResponse(list.current) ? downloadByBrowser() : downloadHere());
});
here.addEventListener("click", () => void downloadHere());
clear.addEventListener("click", () => {
  list.clear();
  link.focus();
});
showLocalTimes();
showSelection();
// A browser that stores nothing, as in some private windows, has no unfinished downloads either.
const [unfinished] = await findUnfinished(data.etag).catch(() => []);
if (unfinished) await open(unfinished).offer();
document.documentElement.dataset.ready = "";
