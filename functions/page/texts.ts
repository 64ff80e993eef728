/**
 * Every word that the page says, for the server and for the script alike: copy it, translate it, and set `lang`.
 * Lengths and counts are formatted by `core/input/quantities.ts`, dates by the browser, for `lang`.
 */
import { formatBytes, formatCount } from "../../core/input/quantities.ts";

/** The language of the texts below (BCP 47). */
export const lang = "en";
/** The direction it is written in, as HTML's `dir` has it: `ltr` or `rtl`. */
export const direction = "ltr";

const files = (count: number) => (count === 1 ? "1 file" : `${formatCount(count)} files`);

/** What the server writes into the page. */
export const pageTexts = {
  files,
  from: "From",
  worksUntil: "Link works until",
  download: "Download",
  downloadHere: "Download here, with pause and resume",
  downloadSelected: "Download the selected files",
  selectHint: "Select files to download only those.",
  clearSelection: "Clear selection",
  contents: "Contents",
  selectFolder: (name: string, count: number) => `Select the folder ${name}, ${files(count)}`,
  emptyFolder: "Empty",
  needsScript: (limit: number) =>
    `This archive is larger than the ${formatBytes(limit)} that can be sent here at once. ` +
    "Please turn on JavaScript, so that this page can download it part by part.",
  footer: "The ZIP is put together while it downloads. Nothing of it is stored.",
  tryAgain: "Try again",
} as const;

/** What became of a link that does not open, by the error's code; `other` for all the rest. */
export const errorTexts: Readonly<
  Record<string, { readonly title: string; readonly text: string }>
> = {
  expired: {
    title: "This link has expired",
    text: "It worked for a limited time. Please ask whoever sent it to you for a new one.",
  },
  unauthorized: {
    title: "This link is not valid",
    text:
      "Perhaps it was cut off when it was copied. Please open it again from the message it came in, " +
      "or ask for a new one.",
  },
  malformed: {
    title: "This link is not complete",
    text: "It is genuine, but it does not say properly what it is for. Please ask for a new one.",
  },
  not_found: {
    title: "These files are no longer here",
    text: "One or more of them were not found. Please ask whoever sent you the link.",
  },
  precondition_failed: {
    title: "These files have changed",
    text: "They are not those that this link was made for. Please ask for a new link.",
  },
  changed: {
    title: "These files are just being changed",
    text: "Please try again in a moment.",
  },
  too_large: {
    title: "This is too much for one archive",
    text: "The files are larger than this service sends together. Please ask for several links.",
  },
  too_many_entries: {
    title: "These are too many files for one archive",
    text: "This service does not send so many together. Please ask for several links.",
  },
  throttled: {
    title: "There is a lot going on right now",
    text: "Please try again in a moment.",
  },
  other: {
    title: "The files cannot be reached right now",
    text: "This is not your fault, and the link is still good. Please try again in a few minutes.",
  },
};

/** What a file is, by its kind; see `kinds.ts`. */
export const kindTexts = {
  archive: "Archive",
  audio: "Audio",
  calendar: "Calendar",
  code: "Code",
  contact: "Contact",
  data: "Data",
  document: "Document",
  drawing: "Drawing",
  font: "Font",
  image: "Image",
  mail: "E-mail",
  other: "File",
  pdf: "PDF",
  presentation: "Slides",
  program: "Program",
  sheet: "Table",
  text: "Text",
  video: "Video",
  web: "Web page",
} as const;

/** What the script says. */
export const clientTexts = {
  remainingTime(seconds: number): string {
    if (seconds < 60) return "less than a minute left";
    const minutes = Math.round(seconds / 60);
    if (minutes < 60)
      return minutes === 1 ? "about a minute left" : `about ${minutes} minutes left`;
    const hours = Math.round(minutes / 60);
    return hours === 1 ? "about an hour left" : `about ${hours} hours left`;
  },
  amount: (done: number, total: number) => `${formatBytes(done)} of ${formatBytes(total)}`,
  rate: (bytesPerSecond: number) => `${formatBytes(bytesPerSecond)}/s`,
  spoken: (percent: number, remaining: string) => `${percent} percent, ${remaining}`,
  downloadSelected: "Download selected",
  amountSelected: (count: number, bytes: number) => `${files(count)}, ${formatBytes(bytes)}`,
  selected: (count: number, bytes: number) => `${files(count)} selected, ${formatBytes(bytes)}.`,
  handedOver: "Your browser has the download now: its own list shows how far it is.",
  preparing: "Getting ready",
  running: "Downloading",
  paused: "Paused",
  stopped: "The download has stopped",
  notStarted: "The download cannot start",
  unfinished: "This download is not finished",
  unfinishedPart: "A download of selected files is not finished",
  offline: "No connection: it goes on as soon as there is one",
  retrying: (reason: string) => `Trying again: ${reason}`,
  complete: "Complete",
  savedTo: (name: string) => `Saved as ${name}.`,
  verified: (bytes: number) => `All ${formatBytes(bytes)} have arrived.`,
  handOver: "Your browser is saving it to your downloads.",
  saveAgain: "Save again",
  pause: "Pause",
  resume: "Resume",
  goOn: "Continue",
  discard: "Cancel download",
  done: "Done",
  problems: {
    expired:
      "The link has expired. Ask for a new one; a download that has begun can be continued with it.",
    changed: "The files have changed since. Reload this page and begin anew.",
    refused: "The server does not give the file out any more. Reload this page to see why.",
    notNow: "The server could not be reached. Please try again in a moment.",
    otherPart: "the server sent something else than it was asked for",
    unreachable: "the connection broke",
    serverBusy: "the server has a problem",
    gaveUp: "It did not work for a while. What is here already stays; try again later.",
    diskFull: "There is no more room on the disk. Make some, then continue.",
    noRoom: (needed: number, room: number) =>
      `This browser has room for ${formatBytes(room)} more from this page, and ${formatBytes(needed)} are to come. ` +
      "Free some space on the disk, select fewer files, or use Chrome or Edge on a computer.",
    noPlace:
      "This browser cannot save large files part by part; private windows often cannot. " +
      "Use a current Chrome, Edge, Firefox or Safari, in a normal window.",
    otherTab: "Another tab of this browser is downloading this already.",
    lostFile: "The file that was begun is gone or cannot be written. Please begin anew.",
    tooScattered:
      "These are too many single files to ask for at once. Select whole folders, or fewer files.",
    unexpected: "Something went wrong in this page. What is here already stays; try again.",
  },
} as const;
