import { fill } from "../formats.ts";
import { byId } from "./elements.ts";
import { formats, texts } from "./texts.ts";

/** A button of the panel: its label and its action. */
export interface Action {
  readonly label: string;
  readonly run: () => void;
}

/** Contents of the panel. */
export interface PanelState {
  readonly heading: string;
  /** Text below the progress: what is known, what is wrong, what to do. */
  readonly message: string;
  readonly actions: readonly Action[];
  /** Selects the panel's appearance. */
  readonly tone: "busy" | "still" | "bad" | "good";
}

/** Progress of a download. */
export interface Progress {
  /** Bytes received so far. */
  readonly done: number;
  /** Total bytes. */
  readonly total: number;
  /** `undefined` until enough bytes have arrived to tell. */
  readonly bytesPerSecond: number | undefined;
}

/** How often screen readers announce the progress, in milliseconds. */
const SAY_EVERY_MS = 15_000;

/** The part of the page that shows a download. */
export class Panel {
  readonly #section = byId("transfer", HTMLElement);
  readonly #heading = byId("transfer-state", HTMLHeadingElement);
  readonly #bar = byId("transfer-bar", HTMLProgressElement);
  readonly #facts = byId("transfer-facts", HTMLParagraphElement);
  readonly #message = byId("transfer-message", HTMLParagraphElement);
  readonly #live = byId("transfer-live", HTMLParagraphElement);
  readonly #actions = byId("transfer-actions", HTMLDivElement);
  readonly #title = document.title;
  #said = 0;

  show({ heading, message, actions, tone }: PanelState): void {
    const wasHidden = this.#section.hidden;
    const hadFocus = this.#actions.contains(document.activeElement);
    this.#section.hidden = false;
    this.#section.dataset.tone = tone;
    this.#heading.textContent = heading;
    this.#message.textContent = message;
    this.#live.textContent = [heading, message].filter(Boolean).join(". ");
    this.#actions.replaceChildren(...actions.map(button));
    this.#said = performance.now();
    // If the focused button has been replaced, the focus must not return to the top of the page.
    if (hadFocus) this.#actions.querySelector("button")?.focus();
    else if (wasHidden) this.#heading.focus();
  }

  hide(): void {
    this.#section.hidden = true;
    document.title = this.#title;
  }

  /** Shows a remark on the state, such as that the connection was lost; "" removes it. */
  remark(text: string): void {
    if (this.#message.textContent === text) return;
    this.#message.textContent = text;
    if (text !== "") this.#live.textContent = text;
  }

  /** Shows the progress; `undefined` if it is not known. */
  progress(progress: Progress | undefined): void {
    this.#bar.hidden = progress === undefined;
    if (progress) this.#showProgress(progress);
    else this.#facts.replaceChildren();
  }

  #showProgress({ done, total, bytesPerSecond }: Progress): void {
    const percent = formats.percent(done / total);
    const remaining = bytesPerSecond
      ? fill(texts.remaining, { duration: formats.duration((total - done) / bytesPerSecond) })
      : "";
    this.#bar.value = (done / total) * 1000;
    const facts = [
      percent,
      fill(texts.amount, { done: formats.bytes(done), total: formats.bytes(total) }),
    ];
    if (bytesPerSecond !== undefined)
      facts.push(fill(texts.rate, { size: formats.bytes(bytesPerSecond) }));
    if (remaining !== "" && done < total) facts.push(remaining);
    this.#facts.replaceChildren(...facts.flatMap((text) => [span(text), " "]));
    document.title = `${percent} · ${this.#title}`;
    const now = performance.now();
    if (remaining === "" || now - this.#said < SAY_EVERY_MS) return;
    this.#said = now;
    this.#live.textContent = fill(texts.spoken, { percent, remaining });
  }
}

function span(text: string): HTMLSpanElement {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}

function button({ label, run }: Action, index: number): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.className = index === 0 ? "button" : "quiet";
  element.textContent = label;
  element.addEventListener("click", run);
  return element;
}
