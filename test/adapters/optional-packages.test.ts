import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as checkedGcs from "../../adapters/gcs/checked.ts";
import * as gcs from "../../adapters/gcs/index.ts";
import {
  MissingPackageError,
  optionalPackages,
  withOptionalPackages,
} from "../../adapters/optional-packages.ts";
import * as checkedS3 from "../../adapters/s3/checked.ts";
import * as s3 from "../../adapters/s3/index.ts";

const { dependencies } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
) as { dependencies: Record<string, string> };

test.each([
  ["s3", s3, checkedS3],
  ["gcs", gcs, checkedGcs],
])("Node imports from %s exactly what its types declare", (_store, typed, checked) => {
  expect({ ...checked }).toEqual({ ...typed });
});

test.each(Object.entries(optionalPackages))(
  "without %s the error says what to run",
  async (name, { major }) => {
    expect(dependencies[name], "the major version of package.json").toMatch(
      new RegExp(`^${major}\\.`),
    );
    const missing = new Error(`Cannot find package '${name}' imported from /x.js`);
    await expect(withOptionalPackages(() => Promise.reject(missing))).rejects.toThrow(
      MissingPackageError,
    );
    await expect(withOptionalPackages(() => Promise.reject(missing))).rejects.toThrow(
      `Run: npm install ${name}@${major}`,
    );
  },
);

test("any other failure of an import is passed on unchanged", async () => {
  const defect = new TypeError("a defect");
  await expect(withOptionalPackages(() => Promise.reject(defect))).rejects.toBe(defect);
  const other = new Error("Cannot find package 'left-pad' imported from /x.js");
  await expect(withOptionalPackages(() => Promise.reject(other))).rejects.toBe(other);
  expect(await withOptionalPackages(async () => 1)).toBe(1);
});
