/**
 * `npm run build [-- aws|gcp]`: builds into `dist/` the code that each cloud runs, as it is
 * uploaded by a deployment.
 */
import { parseArgs } from "node:util";
import { formatBytes } from "../core/input/quantities.ts";
import { buildBundle } from "./build/bundle.ts";
import { CommandError, runCommand } from "./command.ts";
import { type BundleTarget, bundleTargets } from "./deploy/bundle.ts";

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
  throw new CommandError(`Unknown target "${name}". Use ${bundleTargets.join(" or ")}.`);
}
