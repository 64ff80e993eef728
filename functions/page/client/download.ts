import { clientTexts } from "../texts.ts";
import type { Target } from "./fetch-part.ts";
import type { Action, Panel, PanelState } from "./panel.ts";
import type { Place } from "./place.ts";
import { problem, toProblem } from "./problem.ts";
import { RateMeter } from "./rate-meter.ts";
import { type DownloadRecord, putRecord, removeRecord } from "./records.ts";
import { assertRoom, forget, openPlace } from "./storage.ts";
import { transfer } from "./transfer.ts";

/** How often figures change for the eye. Milliseconds. */
const SHOW_EVERY_MS = 250;

/** A download by this page, from its start to its end, with pauses. */
export class Download {
  readonly #target: Target;
  readonly #record: DownloadRecord;
  readonly #panel: Panel;
  /** Called when it is over, one way or another. */
  readonly #onOver: () => void;
  #place: Place | undefined;
  #running: AbortController | undefined;

  constructor(url: string, record: DownloadRecord, panel: Panel, onOver: () => void) {
    this.#target = { url, etag: record.etag, length: record.length };
    this.#record = record;
    this.#panel = panel;
    this.#onOver = onOver;
    addEventListener("pagehide", () => this.#place?.leave());
    addEventListener("beforeunload", (event) => {
      if (this.#running) event.preventDefault();
    });
  }

  /** Begins, or goes on after what is there. Never rejects: what goes wrong is shown. */
  async run(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    this.#show("preparing", "busy", "", []);
    try {
      // One tab alone may write; the lock goes with the tab.
      await navigator.locks.request(
        `ziplink ${this.#record.etag}`,
        { ifAvailable: true },
        async (lock) => {
          if (lock === null) throw problem("otherTab");
          await this.#transfer(running.signal);
        },
      );
    } catch (error) {
      await this.#stop(running.signal.aborted, error);
    } finally {
      this.#running = undefined;
    }
  }

  /** Shows what is there of it, and offers to go on; for after a reload. */
  async offer(): Promise<void> {
    const { length, only } = this.#record;
    // A chosen file may not be looked at before the person allows it, so its size is not told.
    const size = this.#record.handle ? undefined : await this.#opened().then((p) => p.size());
    const message =
      size === undefined ? "" : clientTexts.partOf(Math.floor((size / length) * 100), length);
    const heading = only === "" ? "unfinished" : "unfinishedPart";
    this.#show(heading, "still", message, [this.#goOn("goOn"), this.#discard()]);
    this.#panel.progress({ done: size ?? 0, total: length, bytesPerSecond: undefined });
  }

  async #opened(): Promise<Place> {
    this.#place ??= await openPlace(this.#record);
    return this.#place;
  }

  async #transfer(signal: AbortSignal): Promise<void> {
    const { length: total } = this.#record;
    const place = await this.#opened();
    let done = await place.size();
    if (done > total) throw problem("lostFile");
    await assertRoom(this.#record, total - done);
    await putRecord({ ...this.#record, touched: Date.now(), done: false });
    signal.throwIfAborted();
    const meter = new RateMeter();
    const showProgress = () => {
      meter.add(done, performance.now());
      this.#panel.progress({ done, total, bytesPerSecond: meter.bytesPerSecond });
    };
    this.#show("running", "busy", "", [
      { label: clientTexts.pause, run: () => this.#running?.abort() },
    ]);
    showProgress();
    // By the clock, so that the rate falls when nothing comes.
    const timer = setInterval(showProgress, SHOW_EVERY_MS);
    try {
      await transfer(this.#target, place, done, {
        signal,
        onBytes: (count) => {
          done += count;
        },
        onTrouble: (text) => this.#panel.remark(text ?? ""),
      });
    } finally {
      clearInterval(timer);
    }
    await place.settle();
    await this.#complete(place);
  }

  /** Nothing is called complete whose length is not the archive's; each part was of its very ETag. */
  async #complete(place: Place): Promise<void> {
    const { handle, length, filename } = this.#record;
    const file = await place.file();
    if (file.size !== length) throw problem("lostFile");
    this.#panel.progress({ done: length, total: length, bytesPerSecond: undefined });
    const verified = clientTexts.verified(length);
    if (handle) {
      await removeRecord(this.#record.etag);
      const message = `${verified} ${clientTexts.savedTo(handle.name)}`;
      this.#show("complete", "good", message, [this.#close()]);
      return;
    }
    await putRecord({ ...this.#record, touched: Date.now(), done: true });
    const save = () => handOver(file, filename);
    save();
    const again: Action = { label: clientTexts.saveAgain, run: save };
    const message = `${verified} ${clientTexts.handOver}`;
    this.#show("complete", "good", message, [this.#close(), again]);
  }

  async #stop(isPause: boolean, error: unknown): Promise<void> {
    try {
      await this.#place?.settle();
      const done = (await this.#place?.size()) ?? 0;
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
    this.#panel.show({ heading: clientTexts[heading], tone, message, actions });
  }

  #goOn(label: "resume" | "goOn"): Action {
    return { label: clientTexts[label], run: () => void this.run() };
  }

  #discard(): Action {
    return {
      label: clientTexts.discard,
      run: () => {
        this.#remove().then(this.#onOver, (error: unknown) =>
          this.#show("stopped", "bad", toProblem(error).message, [this.#close()]),
        );
      },
    };
  }

  async #remove(): Promise<void> {
    if (this.#record.handle) await (await this.#opened()).discard();
    await forget(this.#record);
  }

  #close(): Action {
    return { label: clientTexts.done, run: this.#onOver };
  }
}

/** Has the browser save a file of its own storage to where its downloads go. */
function handOver(file: File, filename: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = filename;
  link.click();
}
