/**
 * All texts of the page, for the server and the script: copy this file, translate it, and set `lang`.
 * `core/input/quantities.ts` formats lengths and counts, and the browser formats dates for `lang`.
 */
import { formatBytes, formatCount } from "../../core/input/quantities.ts";

/** Language of the texts below (BCP 47). */
export const lang = "en";
/** Writing direction of the language, as in HTML's `dir`: `ltr` or `rtl`. */
export const direction = "ltr";

const files = (count: number) => (count === 1 ? "1 file" : `${formatCount(count)} files`);

/** Texts that the server writes into the page. */
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
    `This archive is larger than ${formatBytes(limit)}, the most that can be sent at once. ` +
    "Please turn on JavaScript so that this page can download it in parts.",
  footer: "The ZIP is created while it downloads. No copy of it is stored.",
  tryAgain: "Try again",
} as const;

/** Explanations for a link that does not open, by error code; `other` is for all other codes. */
export const errorTexts: Readonly<
  Record<string, { readonly title: string; readonly text: string }>
> = {
  expired: {
    title: "This link has expired",
    text: "It was valid for a limited time. Please ask the person who sent it to you for a new one.",
  },
  mangled: {
    title: "This link was cut off or mangled",
    text:
      "A part of it is missing, or something was added, perhaps by a mail program. Please copy the whole link " +
      "from the message it came in, or ask for a new one.",
  },
  unauthorized: {
    title: "This link is not valid",
    text:
      "It may have been cut off when it was copied. Please open it again from the message it came in, " +
      "or ask for a new one.",
  },
  malformed: {
    title: "This link is faulty",
    text: "It is genuine, but it does not describe its files correctly. Please ask for a new one.",
  },
  not_found: {
    title: "These files are no longer available",
    text: "One or more of them were not found. Please ask the person who sent you the link.",
  },
  precondition_failed: {
    title: "These files have changed",
    text: "They are no longer the files that this link was made for. Please ask for a new link.",
  },
  changed: {
    title: "These files are being changed right now",
    text: "Please try again in a moment.",
  },
  too_large: {
    title: "These files are too large for one archive",
    text: "Together they are larger than this service can send. Please ask for several links.",
  },
  too_many_entries: {
    title: "There are too many files for one archive",
    text: "This service cannot send that many together. Please ask for several links.",
  },
  too_many_requests: {
    title: "The service is busy right now",
    text: "Please try again in a moment.",
  },
  throttled: {
    title: "The service is busy right now",
    text: "Please try again in a moment.",
  },
  other: {
    title: "The files cannot be reached right now",
    text: "This is not your fault, and the link is still valid. Please try again in a few minutes.",
  },
};

/** Names of the kinds of files; see `kinds.ts`. */
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
  mail: "Email",
  other: "File",
  pdf: "PDF",
  presentation: "Slides",
  program: "Program",
  sheet: "Spreadsheet",
  text: "Text",
  video: "Video",
  web: "Web page",
} as const;

/** Texts of the script. */
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
  handedOver: "Your browser is downloading the file. Its list of downloads shows the progress.",
  preparing: "Getting ready",
  running: "Downloading",
  paused: "Paused",
  stopped: "The download has stopped",
  notStarted: "The download cannot start",
  unfinished: "This download is not finished",
  unfinishedPart: "A download of selected files is not finished",
  offline: "No connection. The download continues when you are back online.",
  retrying: (reason: string) => `Trying again: ${reason}`,
  complete: "Complete",
  savedTo: (name: string) => `Saved as ${name}.`,
  verified: (bytes: number) => `All ${formatBytes(bytes)} were received.`,
  handOver: "Your browser is saving the file to your downloads.",
  saveAgain: "Save again",
  pause: "Pause",
  resume: "Resume",
  goOn: "Continue",
  discard: "Cancel download",
  done: "Done",
  problems: {
    expired:
      "The link has expired. Ask for a new one; you can use it to continue a download that has started.",
    changed: "The files have changed. Reload this page and start again.",
    refused: "The server no longer allows this download. Reload this page to see why.",
    notNow: "The server could not be reached. Please try again in a moment.",
    otherPart: "the server sent the wrong data",
    unreachable: "the connection was lost",
    serverBusy: "the server has a problem",
    gaveUp:
      "The download has failed too many times. The part already downloaded is kept; try again later.",
    diskFull: "The disk is full. Free some space, then continue.",
    noRoom: (needed: number, room: number) =>
      `This browser has room for ${formatBytes(room)} more from this page, but the download needs ${formatBytes(needed)}. ` +
      "Free some disk space, select fewer files, or use Chrome or Edge on a computer.",
    noPlace:
      "This browser cannot save large files in parts; private windows often cannot. " +
      "Use a current version of Chrome, Edge, Firefox or Safari, in a normal window.",
    otherTab: "Another tab of this browser is already downloading this.",
    lostFile: "The partly downloaded file is gone or cannot be written. Please start again.",
    tooScattered: "Too many single files are selected. Select whole folders, or fewer files.",
    unexpected:
      "Something went wrong on this page. The part already downloaded is kept; try again.",
  },
} as const;
