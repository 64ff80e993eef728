/** `npm run build [-- aws|gcp]`: what each cloud runs, into `dist/`, as deployment uploads it. */
import { parseArgs } from "node:util";
import { formatBytes } from "../core/input/quantities.ts";
import { type BundleTarget, buildBundle, bundleTargets } from "./build/bundle.ts";
import { CommandError, runCommand } from "./command.ts";

await runCommand(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  for (const target of positionals.length > 0 ? positionals.map(toTarget) : bundleTargets) {
    const { dir, zipFile, bytes } = await buildBundle(target, `dist/${target}`);
    console.log(`${target}: ${zipFile ?? dir}, ${formatBytes(bytes)} zipped`);
  }
});

function toTarget(name: string): BundleTarget {
  const target = bundleTargets.find((each) => each === name);
  if (target) return target;
  throw new CommandError(`There is no target "${name}"; there are ${bundleTargets.join(" and ")}.`);
}
