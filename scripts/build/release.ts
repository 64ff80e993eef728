/**
 * `npm run build:release`: after `npm run build:package`, collects in `dist/release` what a release carries:
 * the npm package's tarball, Lambda's `aws.zip`, and the image as a build context with its Dockerfile.
 * `-- --tag v1.2.3` also requires that version in package.json and a section of CHANGELOG.md about it,
 * which becomes `NOTES.md`. Publishes nothing.
 */
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CommandError, runCommand } from "../command.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUT = join(ROOT, "dist/release");

await runCommand(async () => {
  const { values } = parseArgs({ options: { tag: { type: "string" } } });
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const notes = values.tag === undefined ? undefined : await readNotes(values.tag, version);
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  if (notes !== undefined) await writeFile(join(OUT, "NOTES.md"), notes);
  run("npm", "pack", "./dist/package", "--pack-destination", OUT, "--loglevel=error");
  await copyFile(join(ROOT, "dist/aws.zip"), join(OUT, "aws.zip"));
  run("tar", "-czf", join(OUT, `ziplink-image-${version}.tar.gz`), ...(await imageContext()));
  console.log("dist/release is built. docs/RELEASING.md has what to do with it.");
});

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
}

/** Everything that `docker build` reads here: the Dockerfile, and what .dockerignore lets through. */
async function imageContext(): Promise<string[]> {
  const ignored = await readFile(join(ROOT, ".dockerignore"), "utf8");
  return ["Dockerfile", ".dockerignore", ...(ignored.match(/(?<=^!).+$/gm) ?? [])];
}

/** Returns the section of the changelog about `version`, whose tag `tag` must be. */
async function readNotes(tag: string, version: string): Promise<string> {
  if (tag !== `v${version}`) {
    throw new CommandError(`The tag ${tag} is not that of package.json's version, v${version}.`);
  }
  const sections = (await readFile(join(ROOT, "CHANGELOG.md"), "utf8")).split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  if (section === undefined) {
    throw new CommandError(
      `CHANGELOG.md has no section "## ${version}". Rename "Unreleased" to it.`,
    );
  }
  return section.slice(section.indexOf("\n") + 1).trim();
}
