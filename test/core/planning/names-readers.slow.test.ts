import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect } from "../../support/bytes.ts";
import { readers } from "../../support/readers.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

/** Names that people and attackers request; `inside` is a path in the sandbox that no entry may reach. */
const nastyNames = (inside: string): string[] => [
  // Escapes from the folder.
  ...["../x", "../../x", "../../../../../../x", "a/../../x", "a/b/../../../x", "..", "../", "/.."],
  ...["/etc/x", "//etc/x", `${inside}/absolute`, `/${inside}/absolute`, "~", "~/x", "~root/x"],
  ...[
    "..\\x",
    "..\\..\\x",
    "a\\..\\..\\x",
    "\\x",
    "\\\\host\\share\\x",
    "C:\\x",
    "C:/x",
    "C:x",
    "c:",
  ],
  ...[
    "..../x",
    ".. /x",
    ". ./x",
    "./../x",
    ".\u200b./x",
    "．．/x",
    "%2e%2e/x",
    "..%2fx",
    "\u2024\u2024/x",
  ],
  ...["..\0/x", "../\0x", "x\0/../../y", "file:///x", "\\\\?\\C:\\x", "\\\\.\\nul"],
  // Not a name, or not the name it seems to be.
  ...[
    "",
    " ",
    ".",
    "...",
    "/",
    "//",
    "///",
    "./",
    "a//b",
    "a/./b",
    "/a/",
    "a///",
    "\0",
    "\n",
    "\t",
  ],
  ...[
    "a\nb",
    "a\r\nb",
    "a\x1b[31mb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "\ufeffa",
    "a\u00a0",
    "\u3000",
  ],
  ...[
    "con",
    "CON",
    "con.txt",
    "con.tar.gz",
    "nul",
    "aux/x",
    "x/prn",
    "com1",
    "com¹",
    "lpt9.x",
    "CONIN$",
  ],
  ...["x:stream", "x::$DATA", "<x>", "x|y", "x?y", "x*y", '"x"', "x.", "x ", "x. .", " x", "x /y"],
  ...["gpj.\u202eexe", "\u202ex", "\u2066x\u2069", "\u200ex", "\u200b", "\u200c", "x\u200by", "xy"],
  ...["\ud800", "\udc00", "x\ud83dy", "\ufffd", "\ufffe", "\u{10ffff}", "\u0301", "\u0301x"],
  ...[
    "-",
    "-rf",
    "--help",
    "@list",
    "!x",
    "#x",
    "$(x)",
    "`x`",
    "%PATH%",
    "[x]",
    "{x}",
    "x;y",
    "'x'",
  ],
  ...["x;1", "x;", "x", "y;12", "y", "z;1.txt", "z;1/z", "._x", "__MACOSX/._x", ".DS_Store"],
  // Clashes with one another.
  ...["é", "e\u0301", "É", "E\u0301", "Å", "\u212b", "A\u030a", "ﬁ", "fi", "ß", "SS", "ẞ", "ss"],
  ...[
    "t.txt",
    "T.TXT",
    "t.txt",
    "t (2).txt",
    "T (2).txt",
    "t (2) (2).txt",
    "t.txt/",
    "t.txt/t.txt",
  ],
  ...["d", "d/d", "D/d", "d/d/d", "D", "d (2)", "d/d (2)", "d/", "d/.", "d/..", "d//"],
  ...["ſ", "s", "S", "ı", "i", "I", "İ", "K", "k", "\u212a", "σ", "ς", "Σ", "が", "か\u3099", "ｶﾞ"],
  // Long and deep.
  ...[
    "a".repeat(255),
    "a".repeat(256),
    "a".repeat(300),
    `${"a".repeat(300)}.txt`,
    "a".repeat(70_000),
  ],
  ...[
    "é".repeat(127),
    "é".repeat(128),
    "日".repeat(86),
    "👩‍👩‍👧".repeat(30),
    `e${"\u0301".repeat(500)}`,
  ],
  ...[`${"b".repeat(251)}.txt`, `${"b".repeat(251)}.TXT`, `${"b".repeat(260)}.txt`],
  ...[
    `con${" ".repeat(300)}x`,
    `con${" ".repeat(300)}x.txt`,
    `${"c".repeat(253)};1xyz`,
    "c".repeat(253),
  ],
  ...[
    "f/".repeat(200),
    `${"f/".repeat(200)}x`,
    `${"f/".repeat(2_000)}x`,
    `${"../".repeat(2_000)}x`,
  ],
  ...[`${`${"g".repeat(200)}/`.repeat(10)}x`, `${`${"g".repeat(200)}/`.repeat(10)}X`],
];

/** Characters with a meaning to file systems, and parts that make clashes of names likely. */
const piece = fc.oneof(
  fc.constantFrom(
    ..."/\\.:;~ \0\n*?",
    "..",
    "../",
    "con",
    "nul",
    "a",
    "A",
    "é",
    "e\u0301",
    "(2)",
    " (2)",
  ),
  fc.constantFrom(
    "\u202e",
    "\u200b",
    "\ud800",
    "\udfff",
    ".txt",
    ".TXT",
    "ß",
    "ss",
    "İ",
    "x".repeat(200),
  ),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  fc.integer({ min: 0x10000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
);
const generatedName = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(""));

/** Two archives of generated names, in addition to the one of the names above. */
const seeds = [1, 2];
const GENERATED = 300;

interface NamesCase {
  readonly title: string;
  readonly wanted: () => readonly string[];
}

const cases: readonly NamesCase[] = [
  { title: "names that somebody thought of", wanted: () => nastyNames(outside) },
  ...seeds.map((seed) => ({
    title: `${GENERATED} generated names, seed ${seed}`,
    wanted: () => fc.sample(generatedName, { seed, numRuns: GENERATED }),
  })),
];

let folder: string;
let outside: string;

beforeAll(async () => {
  folder = await makeFolder();
  outside = join(folder, "outside");
  mkdirSync(outside);
});
afterAll(() => removeFolder(folder));

/** An archive in a file, made once for all readers, with its entries by name. */
interface MadeArchive {
  readonly path: string;
  readonly contents: ReadonlyMap<string, string>;
}

const archives = new Map<string, Promise<MadeArchive>>();

/** Makes an entry with its own content for every wanted name, by planning as for a link. */
async function makeArchive({ title, wanted }: NamesCase): Promise<MadeArchive> {
  const requested = wanted();
  const source = createMemorySource();
  const entries = requested.map((name, i) => {
    const key = `object ${i}`;
    source.put(key, `content ${i}`);
    return { key, name };
  });
  const plan = await planArchive({ entries }, source);
  const contents = plan.entries.map(({ name, blob }) => {
    return [name, blob.key.replace("object", "content")] as const;
  });
  const path = join(folder, `${title}.zip`);
  await writeFile(path, await collect(streamZip(plan, source)));
  const byName = new Map(contents);
  expect(byName.size).toBe(requested.length);
  return { path, contents: byName };
}

/** Lists everything below `root`: files with their content, anything else by its path. */
function filesBelow(root: string): { files: Map<string, string>; others: string[] } {
  const files = new Map<string, string>();
  const others: string[] = [];
  for (const item of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    if (item.isFile()) files.set(relative(root, path), readFileSync(path, "utf8"));
    else if (!item.isDirectory()) others.push(relative(root, path));
  }
  return { files, others };
}

describe("nasty names are extracted inside their folder, each to its own file", () => {
  for (const reader of readers) {
    describeWithTools(reader.name, reader.needs, () => {
      test.for(cases)("$title", async (namesCase) => {
        const { title } = namesCase;
        const made = archives.get(title) ?? makeArchive(namesCase);
        archives.set(title, made);
        const { path, contents } = await made;

        // Deep in the sandbox, so that the result of a working "../" is noticed.
        const sandbox = mkdtempSync(join(folder, "sandbox-"));
        const target = join(sandbox, "1/2/3/4/5/6/7/target");
        mkdirSync(target, { recursive: true });
        writeFileSync(join(sandbox, "1/2/bystander"), "untouched");
        await reader.extract(path, target);

        const { files, others } = filesBelow(target);
        expect(others).toEqual([]);
        expect([...files].sort()).toEqual([...contents].sort());
        const around = filesBelow(sandbox).files;
        for (const name of files.keys()) around.delete(join("1/2/3/4/5/6/7/target", name));
        expect([...around]).toEqual([["1/2/bystander", "untouched"]]);
        expect(readdirSync(outside)).toEqual([]);
      });
    });
  }
});
