/**
 * `npm run page`: bundles the page's style and script into `functions/page/assets.generated.ts`, as
 * text that the service imports. The file is committed, so that neither the service nor its bundle
 * needs a build step or finds files at run time. `npm run page -- --check` fails if it is out of
 * date.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { CommandError, runCommand } from "../command.ts";

const page = new URL("../../functions/page/", import.meta.url);
const generated = new URL("assets.generated.ts", page);

await runCommand(async () => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const assets = await makeAssets();
  if (!values.check) {
    await writeFile(generated, assets);
  } else if ((await readFile(generated, "utf8")) !== assets) {
    throw new CommandError("The page's assets are out of date. Run: npm run page");
  }
});

async function makeAssets(): Promise<string> {
  const writer = await bundle("client/opfs-writer.ts");
  const script = await bundle("client/main.ts", { OPFS_WRITER: JSON.stringify(writer) });
  const style = await bundle("style.css");
  return [
    "/** Made by `npm run page` of `style.css` and `client/`. Change those, and run it again. */",
    `export const style = ${JSON.stringify(style)};`,
    `export const script = ${JSON.stringify(script)};`,
    "",
  ].join("\n");
}

/** Returns a source and all its imports as minified text. */
async function bundle(name: string, define: Record<string, string> = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, page))],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    charset: "utf8",
    legalComments: "none",
    define,
    logLevel: "error",
  });
  return outputFiles[0]?.text.trim() ?? "";
}
