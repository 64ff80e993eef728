import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/**
 * The files in which a client of AWS's SDK describes its operations, their inputs and their
 * outputs.
 */
const SCHEMAS = /[\\/]dist-es[\\/](.*[\\/])?schemas[\\/]schemas_\d+\.js$/;

/** An array at the top level of such a file. */
const SCHEMA = /^((?:export )?var \S+ = )(\[[\s\S]*?\]);$/gm;

/**
 * Drops from a bundle the schemas of AWS operations that nothing calls. They are arrays with
 * computed keys, and esbuild cannot tell that creating them has no side effects, so it keeps those
 * of every operation. Marked as pure, an array stays only if something refers to it.
 */
export const pureSchemas: Plugin = {
  name: "pure-schemas",
  setup(build) {
    build.onLoad({ filter: SCHEMAS }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: source.replaceAll(SCHEMA, "$1/* @__PURE__ */ (() => ($2))();") };
    });
  },
};
