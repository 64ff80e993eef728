import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** Where a client of AWS's SDK describes its operations and what they take and give. */
const SCHEMAS = /[\\/]dist-es[\\/](.*[\\/])?schemas[\\/]schemas_\d+\.js$/;

/** An array at the top level of such a file. */
const SCHEMA = /^((?:export )?var \S+ = )(\[[\s\S]*?\]);$/gm;

/**
 * Leaves out of a bundle what a client of AWS's SDK knows of operations that nobody calls. They are
 * arrays with computed keys in them, of which esbuild cannot tell that making them changes nothing;
 * so it keeps those of all operations. Said to be pure, an array stays only if something refers to it.
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
