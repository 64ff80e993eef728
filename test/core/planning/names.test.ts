import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { foldName } from "../../../core/planning/fold-name.ts";
import {
  safeName,
  safeSegment,
  uniqueNames,
  type WantedName,
} from "../../../core/planning/names.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";

// The same samples on every run, so that a failure can be reproduced.
const runs = { seed: 20_261_122, numRuns: 3_000 };

const file = (path: string): WantedName => ({ path, isFolder: false });
const folder = (path: string): WantedName => ({ path, isFolder: true });

/** Parts of names that some systems or readers treat specially. */
const nastyParts = [
  ...["", ".", "..", "...", "/", "//", "\\", "../", "..\\", "C:", "C:\\", "//host/share/"],
  ...["con", "CON", "nul.txt", "aux", "prn ", "com1", "COM¹", "lpt²", "LPT9.tar.gz", "conin$"],
  ...[" ", "  ", ". .", "\0", "\n", "\r", "\x1b[2J", "\x7f", "\x85", "\u2028", "\ufeff"],
  ...["\u202e", "\u2066", "\u2069", "\ud800", "\udc00", "\ufffe", "\u{1ffff}", "\u0301"],
  ...['<>:"|?*', ":stream", "::$DATA", ";1", ";", "~1", "-rf", "$(x)", "`x`", "%2e%2e%2f"],
  ...[" (2)", ".txt", ".tar.gz", ".", ".a b", ".seventeen-letters"],
  ...[
    "a".repeat(254),
    "é".repeat(130),
    "👩‍👩‍👧".repeat(16),
    " ".repeat(260),
    ".".repeat(260),
    "a/".repeat(500),
  ],
];

const character = fc.oneof(
  fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
);

const nastyPath = fc
  .array(fc.oneof(fc.constantFrom(...nastyParts), fc.string({ unit: character, maxLength: 20 })), {
    maxLength: 8,
  })
  .map((parts) => parts.join(""));

/** Characters that some folding considers the same, and parts that make names duplicates. */
const twins = [
  ..."aAáÁ\u0301iIıİ\u0307kK\u212asSſßẞµμΜσςΣϐβǆǅǄﬁﬀŉʼnΐΰᾳᾼ\u0345ιΩ\u2126Å\u212bꭰᎠ𐐀𐐨が\u3099か",
  ...[
    "ss",
    "SS",
    "fi",
    "FI",
    "\u200b",
    "\u00ad",
    "\u034f",
    " (2)",
    " (3)",
    ".txt",
    ".TXT",
    "/",
    "/",
    "/",
  ],
];

const twinNames = fc.array(
  fc.record({
    path: fc
      .array(fc.constantFrom(...twins), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join("")),
    isFolder: fc.boolean(),
  }),
  { minLength: 2, maxLength: 30 },
);

/** Windows takes the part before the first dot, without trailing spaces, for a device's name. */
function isDevice(part: string): boolean {
  const base = part.split(".")[0]?.replace(/ +$/, "").toUpperCase() ?? "";
  const numbered = ["COM", "LPT"].flatMap((port) => [..."0123456789¹²³"].map((n) => port + n));
  return ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", ...numbered].includes(base);
}

/** Returns the names of the rules that `part` breaks; empty if every system accepts it unchanged. */
function brokenRules(part: string): string[] {
  const rules: Record<string, boolean> = {
    "not empty": part !== "",
    "not relative": part !== "." && part !== "..",
    "well-formed": part.isWellFormed(),
    NFC: part === part.normalize("NFC"),
    "no control or separator": !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(part),
    "no noncharacter": !/\p{Noncharacter_Code_Point}/u.test(part),
    "no character that reverses text": !/[\u202a-\u202e\u2066-\u2069]/.test(part),
    "no character that Windows reserves": !/[<>:"/\\|?*]/.test(part),
    "no device": !isDevice(part),
    "no trailing dot or space": !/[. ]$/.test(part),
    // UnZip drops a VMS version number, on every system.
    "no version number": !/;[0-9]*$/.test(part),
    "at most 255 bytes": Buffer.byteLength(part) <= 255,
  };
  return Object.keys(rules).filter((rule) => !rules[rule]);
}

function expectSafe(name: string): void {
  expect(name.split("/").flatMap(brokenRules)).toEqual([]);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(900);
}

describe("safeName", () => {
  test.for([
    ["a.txt", "a.txt"],
    ["a/b c/d.txt", "a/b c/d.txt"],
    [" ~$x;y,z'&%#@!+=^`{}[]().txt", " ~$x;y,z'&%#@!+=^`{}[]().txt"],
    ["日本語/עברית/😀 👩‍👩‍👧.txt", "日本語/עברית/😀 👩‍👩‍👧.txt"],
    ["", "_"],
    [".", "_"],
    ["/", "_"],
    ["..", "_"],
    ["...", "_"],
    [" ", "_"],
    ["a//b/./c/", "a/b/c"],
    ["/etc/passwd", "etc/passwd"],
    ["../../x", "_/_/x"],
    ["a/../../x", "a/_/_/x"],
    ["..\\..\\x", ".._.._x"],
    ["C:\\x", "C__x"],
    ["C:/x", "C_/x"],
    ["//host/share/x", "host/share/x"],
    ["a. /b.. /c . .", "a/b/c"],
    ['<>:"|?*', "_______"],
    ["x:stream", "x_stream"],
    ["a\0b\nc\x7fd\x85e", "a_b_c_d_e"],
    ["invoice\u202egpj.exe", "invoice_gpj.exe"],
    ["\ud800x\udc00", "\ufffdx\ufffd"],
    ["\ufffe\u{1ffff}", "__"],
    ["e\u0301.txt", "é.txt"],
    ["con", "_con"],
    ["dir/CON.tar.gz", "dir/_CON.tar.gz"],
    ["nul /x", "_nul/x"],
    ["aux .txt", "_aux .txt"],
    ["com¹.log", "_com¹.log"],
    ["LPT0", "_LPT0"],
    ["ConIn$", "_ConIn$"],
    ["console", "console"],
    ["com10", "com10"],
    [".con", ".con"],
  ] as const)("%j becomes %j", ([path, name]) => {
    expect(safeName(path)).toBe(name);
  });

  test("is safe on any system, and does not change if made safe again", () => {
    fc.assert(
      fc.property(nastyPath, (path) => {
        const name = safeName(path);
        expectSafe(name);
        expect(safeName(name)).toBe(name);
      }),
      runs,
    );
  });

  test("keeps the extension of a segment that is too long, and splits no character", () => {
    expect(safeName(`${"é".repeat(200)}.jpeg`)).toBe(`${"é".repeat(125)}.jpeg`);
    expect(safeName(`${"a".repeat(300)}.tar.gz`)).toBe(`${"a".repeat(252)}.gz`);
    expect(safeName(`x/${"👩‍👩‍👧".repeat(20)}`)).toBe(`x/${"👩‍👩‍👧".repeat(14)}`);
    expect(safeName(`a${"\u0301".repeat(200)}.txt`)).toBe("_.txt");
    fc.assert(
      fc.property(nastyPath, fc.stringMatching(/^\.[a-z0-9]{1,16}$/), (path, extension) => {
        expect(safeName(`${path}x${extension}`).endsWith(extension)).toBe(true);
      }),
      runs,
    );
  });

  test("is not a device name after it was cut", () => {
    const gap = " ".repeat(300);
    expectSafe(safeName(`con${gap}x`));
    expectSafe(safeName(`con${gap}x.txt`));
    expectSafe(safeName(`${"a".repeat(252)};12x`));
  });

  test("drops the innermost folders of a path that is too long, and keeps the file", () => {
    const folders = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(99, "_"));
    expect(safeName([...folders, "file.txt"].join("/"))).toBe(
      [...folders.slice(0, 8), "file.txt"].join("/"),
    );
    expect(safeName([...folders, "f".repeat(255)].join("/"))).toBe(
      [...folders.slice(0, 6), "f".repeat(255)].join("/"),
    );
  });
});

describe("safeSegment", () => {
  test("returns one safe segment for any input", () => {
    expect(safeSegment("a/b")).toBe("a_b");
    expect(safeSegment("/")).toBe("_");
    fc.assert(
      fc.property(nastyPath, (text) => {
        const part = safeSegment(text);
        expect(brokenRules(part)).toEqual([]);
        expect(safeSegment(part)).toBe(part);
      }),
      runs,
    );
  });
});

describe("uniqueNames", () => {
  test.for<readonly [WantedName[], (string | undefined)[]]>([
    [[], []],
    [
      [file("a.txt"), file("A.TXT")],
      ["a.txt", "A (2).TXT"],
    ],
    [
      [file("A.TXT"), file("a.txt")],
      ["A.TXT", "a (2).txt"],
    ],
    [
      [file("a.txt"), file("a (2).txt"), file("a.txt")],
      ["a.txt", "a (2).txt", "a (3).txt"],
    ],
    [
      [file("a.txt"), file("a.txt"), file("a (2).txt")],
      ["a.txt", "a (2).txt", "a (2) (2).txt"],
    ],
    [
      [file("a.tar.gz"), file("a.tar.gz")],
      ["a.tar.gz", "a.tar (2).gz"],
    ],
    [
      [file(".env"), file(".env"), file("README"), file("readme")],
      [".env", ".env (2)", "README", "readme (2)"],
    ],
    [
      [file("é"), file("e\u0301"), file("É")],
      ["é", "é (2)", "É (3)"],
    ],
    [
      [file("straße"), file("STRASSE"), file("STRAẞE")],
      ["straße", "STRASSE (2)", "STRAẞE (3)"],
    ],
    [
      [file("x/a.txt"), file("X/A.txt"), file("y/a.txt")],
      ["x/a.txt", "X/A (2).txt", "y/a.txt"],
    ],
    [
      [file("../a"), file("/_/a"), file("_//a")],
      ["_/a", "_/a (2)", "_/a (3)"],
    ],
    // A file is renamed in favour of a folder, wherever the folder comes from and whichever is first.
    [
      [file("a"), file("a/b")],
      ["a (2)", "a/b"],
    ],
    [
      [file("a/b/c"), file("A/B"), file("a/b (2)")],
      ["a/b/c", "A/B (2)", "a/b (2) (2)"],
    ],
    [
      [file("a"), folder("a/")],
      ["a (2)", "a/"],
    ],
    [
      [file("a.txt"), file("a.txt"), folder("a (2).txt")],
      ["a.txt", "a (3).txt", "a (2).txt/"],
    ],
    [
      [folder("a"), folder("A/"), file("a/b"), folder("a/b/c")],
      ["a/", undefined, "a/b (2)", "a/b/c/"],
    ],
  ])("%j", ([wanted, names]) => {
    expect(uniqueNames(wanted)).toEqual(names);
  });

  test("numbers ten thousand equal names", () => {
    const names = uniqueNames(Array.from({ length: 10_000 }, () => file("a/photo.jpg")));
    expect(names.slice(0, 2)).toEqual(["a/photo.jpg", "a/photo (2).jpg"]);
    expect(names.at(-1)).toBe("a/photo (10000).jpg");
    expect(new Set(names).size).toBe(10_000);
  });

  test("numbers long names that are equal up to the cut, each in one step", () => {
    const pairs = Array.from({ length: 600 }, (_, i) =>
      file(`${"a".repeat(250)}${String(i >> 1).padStart(5, "0")}`),
    );
    const cuts = vi.spyOn(Intl.Segmenter.prototype, "segment");
    onTestFinished(() => cuts.mockRestore());
    const names = uniqueNames(pairs);
    expect(new Set(names).size).toBe(pairs.length);
    for (const name of names) expectSafe(name ?? "");
    // Not one step for each taken number: thousands of such names would take minutes.
    expect(cuts.mock.calls.length).toBeLessThan(5 * pairs.length);
  });

  test("keeps names with a number within the maximum lengths of a segment and of a path", () => {
    const long = `${`${"d".repeat(200)}/`.repeat(4)}${"f".repeat(96)}`;
    for (const path of [long, `x/${"f".repeat(300)}.txt`, `${"é".repeat(127)}x`]) {
      const names = uniqueNames(Array.from({ length: 12 }, () => file(path)));
      expect(new Set(names).size).toBe(12);
      for (const name of names) expectSafe(name ?? "");
    }
  });

  test("returns safe names, the same for the same input, and leaves out only duplicate folders", () => {
    const wanted = fc.array(fc.record({ path: nastyPath, isFolder: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.oneof(wanted, twinNames), (list) => {
        const names = uniqueNames(list);
        expect(uniqueNames(structuredClone(list))).toEqual(names);
        expect(names).toHaveLength(list.length);
        for (const [i, name] of names.entries()) {
          const isFolder = list[i]?.isFolder;
          if (name === undefined) expect(isFolder).toBe(true);
          else {
            expect(name.endsWith("/")).toBe(isFolder);
            expectSafe(name.replace(/\/$/, ""));
          }
        }
        const given = names.filter((name) => name !== undefined);
        expect(new Set(given.map(foldName)).size).toBe(given.length);
      }),
      { ...runs, numRuns: 1_000 },
    );
  });
});

describe("foldName", () => {
  test.for([
    ["a", "A"],
    ["é", "e\u0301"],
    ["é", "E\u034f\u0301"],
    ["ᾴ", "\u0391\u0345\u0301"],
    ["ẹ́", "e\u0301\u034f\u0323"],
    ["ß", "ẞ", "ss", "SS", "sS", "ſs"],
    ["ΟΔΟΣ", "οδος", "οδοσ"],
    ["ﬁ", "FI"],
    ["x\u200by", "x\u00ady", "xy", "XY\ufe0f"],
    ["\u212b", "Å", "a\u030a"],
  ])("is the same for each of %j", (names) => {
    expect(new Set(names.map(foldName)).size).toBe(1);
  });

  test("differs for names that no file system considers the same", () => {
    const names = ["a", "b", "á", "à", "a b", "a_b", "ab", "a.b", "o", "ö", "oe", "0", "п", "n"];
    expect(new Set(names.map(foldName)).size).toBe(names.length);
  });
});

/**
 * Two independent judges of whether names are the same: Unicode's full case folding with
 * canonical composition, as in APFS, and upper-casing by UTF-16 units, as in NTFS. Reads lists
 * of names from a JSON file; prints the pairs that a judge considers the same, as files or as a file and a
 * folder in another's path, and the groups of code points that each judge considers the same.
 */
const judges = String.raw`
import json, sys, unicodedata

def folded(s):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", s).casefold())

def upcased(s):
    return "".join(c.upper() if c < "\U00010000" and len(c.upper()) == 1 else c for c in s)

def clashes(names, fold):
    owners = {}
    for name in names:
        other = owners.setdefault(fold(name.rstrip("/")), name)
        if other is not name:
            yield [other, name]
    for name in names:
        for i, c in enumerate(name):
            other = owners.get(fold(name[:i])) if c == "/" else None
            if other is not None and not other.endswith("/"):
                yield [other, name]

def groups(fold):
    members = {}
    for code in range(0x110000):
        if unicodedata.category(chr(code)) not in ("Cn", "Cs"):
            members.setdefault(fold(chr(code)), []).append(code)
    return [group for group in members.values() if len(group) > 1]

lists = json.load(open(sys.argv[1], encoding="utf-8"))
both = (folded, upcased)
print(json.dumps({
    "clashes": [pair for names in lists for fold in both for pair in clashes(names, fold)],
    "groups": [group for fold in both for group in groups(fold)],
}))
`;

describeWithTools("names by Python's judgement", ["python3"], () => {
  async function judge(lists: readonly (readonly string[])[]) {
    const path = join(await temporaryFolder(), "lists.json");
    await writeFile(path, JSON.stringify(lists));
    const { stdout } = await runTool({ program: "python3", args: ["-I", "-c", judges, path] });
    return JSON.parse(stdout) as { clashes: [string, string][]; groups: number[][] };
  }

  test("no two names are the same, and no file has the name of a folder", async () => {
    const lists = fc
      .sample(twinNames, { ...runs, numRuns: 4_000 })
      .map((wanted) => uniqueNames(wanted).filter((name) => name !== undefined));
    expect((await judge(lists)).clashes).toEqual([]);
    // The judges do find what they should.
    const bad = ["a", "A", "straße", "STRASSE", "ŉ/x", "ŉ", "é", "e\u0301", "ok"];
    expect(new Set((await judge([bad])).clashes.flat())).toEqual(
      new Set(bad.filter((name) => name !== "ok")),
    );
  });

  test("characters that fold alike have one fold name", async () => {
    const { groups } = await judge([]);
    expect(groups.length).toBeGreaterThan(2_000);
    const apart = groups.filter((group) => {
      // Python may have a later version of Unicode than this Node.
      const known = group
        .map((code) => String.fromCodePoint(code))
        .filter((c) => !/\p{Cn}/u.test(c));
      return new Set(known.map(foldName)).size > 1;
    });
    expect(apart).toEqual([]);
  });
});
