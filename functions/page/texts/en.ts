import type { Plural } from "../formats.ts";

const files: Plural = { one: "{count} file", other: "{count} files" };

/**
 * All texts of the page in English. Each other language has the same texts, with the same placeholders in
 * braces; counts, sizes, dates and durations are formatted by `Intl` before they are put in.
 */
export const en = {
  /** Texts that the server writes into the page. */
  page: {
    files,
    from: "From {issuer}",
    worksUntil: "Link works until {time}",
    download: "Download",
    downloadHere: "Download here, with pause and resume",
    downloadSelected: "Download the selected files",
    selectHint: "Select files to download only those.",
    clearSelection: "Clear selection",
    contents: "Contents",
    selectFolder: "Select the folder {name}, {files}",
    emptyFolder: "Empty",
    needsScript:
      "This archive is larger than {limit}, the most that can be sent at once. Please turn on JavaScript so that this page can download it in parts.",
    footer: "The ZIP is created while it downloads. No copy of it is stored.",
    tryAgain: "Try again",
    support: "Help",
    requestNew: "Request a new link",
  },
  /** Explanations for a link that does not open, by error code; `other` is for all other codes. */
  errors: {
    expired: {
      title: "This link has expired",
      text: "It was valid for a limited time. Please ask the person who sent it to you for a new one.",
    },
    mangled: {
      title: "This link was cut off or mangled",
      text: "A part of it is missing, or something was added, perhaps by a mail program. Please copy the whole link from the message it came in, or ask for a new one.",
    },
    unauthorized: {
      title: "This link is not valid",
      text: "It may have been cut off when it was copied. Please open it again from the message it came in, or ask for a new one.",
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
    throttled: {
      title: "The service is busy right now",
      text: "Please try again in a moment.",
    },
    other: {
      title: "The files cannot be reached right now",
      text: "This is not your fault, and the link is still valid. Please try again in a few minutes.",
    },
  },
  /** Names of the kinds of files; see `kinds.ts`. */
  kinds: {
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
  },
  /** Texts of the script. */
  client: {
    files,
    remaining: "about {duration} left",
    amount: "{done} of {total}",
    rate: "{size}/s",
    spoken: "{percent}, {remaining}",
    downloadSelected: "Download selected",
    amountSelected: "{files}, {size}",
    selected: "{files} selected, {size}.",
    handedOver: "Your browser is downloading the file. Its list of downloads shows the progress.",
    preparing: "Getting ready",
    running: "Downloading",
    paused: "Paused",
    stopped: "The download has stopped",
    notStarted: "The download cannot start",
    unfinished: "This download is not finished",
    unfinishedPart: "A download of selected files is not finished",
    offline: "No connection. The download continues when you are back online.",
    retrying: "Trying again: {reason}",
    complete: "Complete",
    savedTo: "Saved as {name}.",
    verified: "All {size} were received.",
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
      noRoom:
        "This browser has room for {room} more from this page, but the download needs {needed}. Free some disk space, select fewer files, or use Chrome or Edge on a computer.",
      noPlace:
        "This browser cannot save large files in parts; private windows often cannot. Use a current version of Chrome, Edge, Firefox or Safari, in a normal window.",
      otherTab: "Another tab of this browser is already downloading this.",
      lostFile: "The partly downloaded file is gone or cannot be written. Please start again.",
      tooScattered: "Too many single files are selected. Select whole folders, or fewer files.",
      unexpected:
        "Something went wrong on this page. The part already downloaded is kept; try again.",
    },
  },
};

/** The texts of one language. */
export type Texts = typeof en;
