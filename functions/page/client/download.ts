import { fill } from "../formats.ts";
import type { DownloadFile } from "./download-file.ts";
import type { Target } from "./fetch-part.ts";
import type { Action, Panel, PanelState } from "./panel.ts";
import { problem, toProblem } from "./problem.ts";
import { RateMeter } from "./rate-meter.ts";
import { type DownloadRecord, putRecord, removeRecord } from "./records.ts";
import { assertRoom, forget, isOpen, openDownloadFile } from "./storage.ts";
import { formats, texts } from "./texts.ts";
import { transfer } from "./transfer.ts";

/** How often the displayed progress is updated, in milliseconds. */
const SHOW_EVERY_MS = 250;

/** A download made by this page, from start to end, including pauses. */
export class Download {
  readonly #target: Target;
  readonly #record: DownloadRecord;
  readonly #panel: Panel;
  /** Called when it is over, completed or cancelled. */
  readonly #onOver: () => void;
  #file: DownloadFile | undefined;
  #running: AbortController | undefined;

  constructor(url: string, record: DownloadRecord, panel: Panel, onOver: () => void) {
    this.#target = { url, etag: record.etag, length: record.length };
    this.#record = record;
    this.#panel = panel;
    this.#onOver = onOver;
    addEventListener("pagehide", () => this.#file?.leave());
    addEventListener("beforeunload", (event) => {
      if (this.#running) event.preventDefault();
    });
  }

  /** Starts, or continues after the bytes already stored. Never rejects: errors are shown. */
  async run(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    this.#show("preparing", "busy", "", []);
    try {
      await this.#alone(() => this.#transfer(running.signal));
    } catch (error) {
      await this.#stop(running.signal.aborted, error);
    } finally {
      this.#running = undefined;
    }
  }

  /** Shows the progress so far, if it can be read without asking, and offers to continue after a reload. */
  async offer(): Promise<void> {
    const { length: total, only } = this.#record;
    const heading = only === "" ? "unfinished" : "unfinishedPart";
    try {
      const downloadFile = (await isOpen(this.#record)) ? await this.#opened() : undefined;
      const done = await downloadFile?.size();
      this.#show(heading, "still", "", [this.#goOn("goOn"), this.#discard()]);
      this.#panel.progress(
        done === undefined ? undefined : { done, total, bytesPerSecond: undefined },
      );
    } catch (error) {
      // The stored part is gone: the person can only start again.
      this.#show("stopped", "bad", toProblem(error).message, [this.#discard()]);
      this.#panel.progress(undefined);
    }
  }

  async #opened(): Promise<DownloadFile> {
    this.#file ??= await openDownloadFile(this.#record);
    return this.#file;
  }

  async #transfer(signal: AbortSignal): Promise<void> {
    const { length: total } = this.#record;
    const downloadFile = await this.#opened();
    let done = await downloadFile.size();
    if (done > total) throw problem("lostFile");
    await assertRoom(this.#record, total - done);
    await putRecord({ ...this.#record, touched: Date.now(), done: false });
    signal.throwIfAborted();
    const meter = new RateMeter();
    const showProgress = () => {
      meter.add(done, performance.now());
      this.#panel.progress({ done, total, bytesPerSecond: meter.bytesPerSecond });
    };
    this.#show("running", "busy", "", [{ label: texts.pause, run: () => this.#running?.abort() }]);
    showProgress();
    // On a timer, so that the rate falls when no data arrives.
    const timer = setInterval(showProgress, SHOW_EVERY_MS);
    try {
      await transfer(this.#target, downloadFile, done, {
        signal,
        onBytes: (count) => {
          done += count;
        },
        onTrouble: (text) => this.#panel.remark(text ?? ""),
      });
    } finally {
      clearInterval(timer);
    }
    await downloadFile.settle();
    await this.#complete(downloadFile);
  }

  /** Reports completion only if the length is that of the archive; each part was of exactly its ETag. */
  async #complete(downloadFile: DownloadFile): Promise<void> {
    const { handle, length, filename } = this.#record;
    const file = await downloadFile.file();
    if (file.size !== length) throw problem("lostFile");
    this.#panel.progress({ done: length, total: length, bytesPerSecond: undefined });
    const verified = fill(texts.verified, { size: formats.bytes(length) });
    if (handle) {
      await removeRecord(this.#record.etag);
      const message = `${verified} ${fill(texts.savedTo, { name: handle.name })}`;
      this.#show("complete", "good", message, [this.#close()]);
      return;
    }
    await putRecord({ ...this.#record, touched: Date.now(), done: true });
    const save = () => handOver(file, filename);
    save();
    const again: Action = { label: texts.saveAgain, run: save };
    const message = `${verified} ${texts.handOver}`;
    this.#show("complete", "good", message, [this.#close(), again]);
  }

  async #stop(isPause: boolean, error: unknown): Promise<void> {
    try {
      await this.#file?.settle();
      const done = (await this.#file?.size()) ?? 0;
      const progress = { done, total: this.#record.length, bytesPerSecond: undefined };
      const actions = [this.#goOn(isPause ? "resume" : "goOn"), this.#discard()];
      if (isPause) this.#show("paused", "still", "", actions);
      else this.#show("stopped", "bad", toProblem(error).message, actions);
      this.#panel.progress(progress);
    } catch (settling) {
      this.#show("stopped", "bad", toProblem(settling).message, [this.#discard()]);
    }
  }

  #show(
    heading:
      | "preparing"
      | "running"
      | "paused"
      | "stopped"
      | "unfinished"
      | "unfinishedPart"
      | "complete",
    tone: PanelState["tone"],
    message: string,
    actions: readonly Action[],
  ): void {
    this.#panel.show({ heading: texts[heading], tone, message, actions });
  }

  #goOn(label: "resume" | "goOn"): Action {
    return { label: texts[label], run: () => void this.run() };
  }

  #discard(): Action {
    return {
      label: texts.discard,
      run: () => {
        this.#remove().then(this.#onOver, (error: unknown) =>
          this.#show("stopped", "bad", toProblem(error).message, [this.#close()]),
        );
      },
    };
  }

  #remove(): Promise<void> {
    return this.#alone(async () => {
      try {
        // A chosen file that the page may no longer write stays where it is.
        await this.#file?.discard();
      } finally {
        await forget(this.#record);
      }
    });
  }

  /** Runs `work` if no other tab is busy with this download. The lock is released when the tab closes. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const name = `ziplink ${this.#record.etag}`;
    await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock === null) throw problem("otherTab");
      await work();
    });
  }

  #close(): Action {
    return { label: texts.done, run: this.#onOver };
  }
}

/** Makes the browser save a file from its own storage to its downloads. */
function handOver(file: File, filename: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = filename;
  link.click();
}
