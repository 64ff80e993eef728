/** A file of the archive; `index` is its position among the archive's entries, from 0. */
export interface FileNode {
  readonly name: string;
  readonly index: number;
  readonly size: number;
}

/** A folder with its contents in alphabetical order. */
export interface FolderNode {
  readonly name: string;
  /** Indices of all entries below it, including empty folders; ascending. */
  readonly indices: readonly number[];
  /** Number of files below it, and their total bytes. */
  readonly count: number;
  readonly size: number;
  readonly folders: readonly FolderNode[];
  readonly files: readonly FileNode[];
}

interface Draft {
  readonly indices: number[];
  count: number;
  size: number;
  readonly folders: Map<string, Draft>;
  readonly files: FileNode[];
}

const draft = (): Draft => ({ indices: [], count: 0, size: 0, folders: new Map(), files: [] });

/**
 * Builds the tree of entries whose names are paths with `/`; a name that ends in `/` is an empty folder.
 * Folders and files are in alphabetical order, and numbers in names are compared as numbers.
 */
export function buildFileTree(
  entries: readonly { readonly name: string; readonly size: number }[],
  language: string,
): FolderNode {
  const root = draft();
  for (const [index, { name, size }] of entries.entries()) {
    const path = name.split("/");
    const fileName = path.pop() ?? "";
    let folder = root;
    const parents = [root];
    for (const part of path) {
      const child = folder.folders.get(part) ?? draft();
      folder.folders.set(part, child);
      folder = child;
      parents.push(child);
    }
    for (const parent of parents) {
      parent.indices.push(index);
      if (fileName === "") continue;
      parent.count++;
      parent.size += size;
    }
    if (fileName !== "") folder.files.push({ name: fileName, index, size });
  }
  const { compare } = new Intl.Collator(language, { numeric: true });
  const finish = (name: string, { indices, count, size, folders, files }: Draft): FolderNode => ({
    name,
    indices,
    count,
    size,
    folders: [...folders]
      .map(([childName, child]) => finish(childName, child))
      .sort((a, b) => compare(a.name, b.name)),
    files: files.sort((a, b) => compare(a.name, b.name)),
  });
  return finish("", root);
}
