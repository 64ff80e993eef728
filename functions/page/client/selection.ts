import { formatIndexList } from "../../../core/planning/index-list.ts";
import { byId } from "./elements.ts";

/** Longest list of single files; not every server accepts a request with a longer one. Characters. */
const MAX_LIST = 6000;

/** The part of an archive that a person has selected. */
export interface Selection {
  /** The selected entries, in the form of the parameter `only`; "" for all of them. */
  readonly only: string;
  /** Number of files, and their total bytes. */
  readonly count: number;
  readonly size: number;
  /** Whether `only` is too long for a request. */
  readonly isTooScattered: boolean;
}

/**
 * The checkboxes of the list, kept such that a folder's box stands for everything below it. Calls `onChange` for each
 * change that a person makes.
 */
export class SelectionList {
  readonly #form: HTMLFormElement;
  readonly #sizes: readonly number[];
  readonly #onChange: () => void;

  /** @param sizes the lengths of all entries in bytes, by index */
  constructor(sizes: readonly number[], onChange: () => void) {
    const form = byId("contents", HTMLElement).closest("form");
    if (form === null) throw new Error("the list is not in a form");
    this.#form = form;
    this.#sizes = sizes;
    this.#onChange = onChange;
    form.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement) this.#follow(target);
      onChange();
    });
    // The page has a button for downloading; the form's own button is for browsers without JavaScript.
    form.addEventListener("submit", (event) => event.preventDefault());
    // The server disables folders that a form cannot send; a script needs the boxes of their files only.
    for (const box of this.#boxes(form)) box.disabled = false;
    // A reload may restore boxes as they were left.
    form.reset();
  }

  clear(): void {
    this.#form.reset();
    for (const box of this.#boxes(this.#form)) box.indeterminate = false;
    this.#onChange();
  }

  get current(): Selection {
    const indices: number[] = [];
    let size = 0;
    let count = 0;
    for (const { checked, value, dataset, parentElement } of this.#boxes(this.#form)) {
      // A folder's box is in no label: it stands for those below it.
      if (!checked || !(parentElement instanceof HTMLLabelElement)) continue;
      const index = Number(value);
      indices.push(index);
      size += this.#sizes[index] ?? 0;
      if (dataset.folder === undefined) count++;
    }
    const only = formatIndexList(indices.sort((a, b) => a - b));
    return { only, count, size, isTooScattered: only.length > MAX_LIST };
  }

  #boxes(element: Element): NodeListOf<HTMLInputElement> {
    return element.querySelectorAll<HTMLInputElement>("input[type=checkbox]");
  }

  /** Sets all boxes below a changed one to its state, and updates those of the folders above it. */
  #follow(box: HTMLInputElement): void {
    const item = box.closest("li");
    if (item === null) return;
    for (const below of this.#boxes(item)) {
      below.checked = box.checked;
      below.indeterminate = false;
    }
    for (
      let folder = item.parentElement?.closest("li");
      folder;
      folder = folder.parentElement?.closest("li")
    ) {
      const [own, ...below] = this.#boxes(folder);
      if (own === undefined) continue;
      own.checked = below.every(({ checked }) => checked);
      own.indeterminate = !own.checked && below.some(({ checked }) => checked);
    }
  }
}
