import type { FileNode, FolderNode } from "./file-tree.ts";
import { fill } from "./formats.ts";
import { type Html, html } from "./html.ts";
import { kindOf } from "./kinds.ts";
import type { Locale } from "./locale.ts";

/** Up to this many entries, all folders are open at first. */
const OPEN_UP_TO = 300;

/** A longer list is split into parts of this length, which a browser lays out only when they scroll into view. */
const CHUNK = 50;

/**
 * Renders the tree of an archive with `entryCount` entries as nested lists. The value of each checkbox is its
 * part of the archive, in the form of the parameter `only`, so that a form can send the selection without a
 * script. The boxes that stand for one entry are in labels.
 */
export function fileList(root: FolderNode, entryCount: number, locale: Locale): Html {
  return list(root, entryCount <= OPEN_UP_TO, locale);
}

function list({ folders, files }: FolderNode, open: boolean, locale: Locale): Html {
  // A folder that is the only item in its parent is always open.
  const openFolders = open || (folders.length === 1 && files.length === 0);
  const items = [
    ...folders.map((folder) =>
      folder.count === 0 && folder.folders.length === 0
        ? emptyFolder(folder, locale)
        : folderItem(folder, openFolders, locale),
    ),
    ...files.map((file) => fileItem(file, locale)),
  ];
  if (items.length <= CHUNK) return html`<ul>${items}</ul>`;
  const chunks: Html[] = [];
  for (let at = 0; at < items.length; at += CHUNK) {
    chunks.push(html`<ul class="chunk">${items.slice(at, at + CHUNK)}</ul>\n`);
  }
  return html`${chunks}`;
}

function folderItem(folder: FolderNode, open: boolean, locale: Locale): Html {
  const { formats, texts } = locale;
  const { name, only, count, size } = folder;
  const files = formats.plural(texts.page.files, count);
  const label = fill(texts.page.selectFolder, { name, files });
  return html`<li class="folder"><input type="checkbox"${folderValue(only)} aria-label="${label}"><details${open ? html` open` : undefined}><summary><bdi>${name}</bdi><span class="fact kind">${files}</span><span class="fact size">${formats.bytes(size)}</span></summary>${list(folder, open, locale)}</details></li>`;
}

/** A folder whose entries are too scattered for a URL can be selected with a script only, which enables it. */
function folderValue(only: string | undefined): Html {
  return only === undefined ? html` disabled` : html` name="only" value="${only}"`;
}

function emptyFolder({ name, only }: FolderNode, { texts }: Locale): Html {
  return html`<li class="empty"><label><input type="checkbox" name="only" value="${only}" data-folder><bdi>${name}</bdi></label><span class="fact kind">${texts.page.emptyFolder}</span><span class="fact size">–</span></li>`;
}

function fileItem({ name, index, size }: FileNode, { texts, formats }: Locale): Html {
  return html`<li><label><input type="checkbox" name="only" value="${index}"><bdi>${name}</bdi></label><span class="fact kind">${texts.kinds[kindOf(name)]}</span><span class="fact size">${formats.bytes(size)}</span></li>`;
}
