import { optionalPackages } from "../../adapters/optional-packages.ts";

/** The fields of the repository's package.json that go into the npm package. */
export interface RootManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly repository: object;
  readonly type: string;
  readonly engines: object;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The modules that applications may import, without their extension. */
const modules: Readonly<Record<string, string>> = {
  ".": "functions/index",
  "./links": "core/links/index",
  "./deliveries": "core/delivery/index",
  "./s3": "adapters/s3/index",
  "./gcs": "adapters/gcs/index",
  "./http": "adapters/http/index",
  "./fs": "adapters/fs/index",
  "./memory": "adapters/memory/index",
  "./node": "functions/node/index",
  "./aws": "functions/aws/index",
  "./gcp": "functions/gcp/index",
  "./deploy": "scripts/package/deploy",
};

/** The modules with a second module beside them that reports a missing SDK. */
const checkedModules: readonly string[] = ["./s3", "./gcs"];

/** The command, and the folder of the bundles that `ziplink deploy` uploads. */
export const packagePaths = { bin: "bin/ziplink.cjs", bundles: "bundles" } as const;

/**
 * Returns the package.json of the npm package. It contains nothing for the repository's own
 * development, and the cloud SDKs are optional peers. The repository's `dependencies` are exact;
 * here, any later version of the same major is accepted, so that an application has each package
 * once.
 */
export function makeManifest(root: RootManifest): Record<string, unknown> {
  const ranges = Object.entries(root.dependencies).map(([name, version]) => [name, `^${version}`]);
  const isOptional = ([name = ""]: string[]) => name in optionalPackages;
  const peers = ranges.filter(isOptional);
  return {
    name: root.name,
    version: root.version,
    description: root.description,
    keywords: root.keywords,
    license: root.license,
    repository: root.repository,
    type: root.type,
    // Nothing else does anything when it is merely imported, so bundlers may leave out what is not used.
    sideEffects: [
      ...["functions/aws.js", "functions/gcp.js", "functions/node.js", "functions/node/health.js"],
      ...["scripts/package/cli.js", packagePaths.bin],
    ],
    engines: root.engines,
    bin: { ziplink: packagePaths.bin },
    exports: {
      ...Object.fromEntries(
        Object.entries(modules).map(([name, path]) => [name, target(name, path)]),
      ),
      "./package.json": "./package.json",
    },
    files: [
      "adapters",
      "bin",
      packagePaths.bundles,
      "core",
      "deploy.config.ts",
      "functions",
      "scripts",
    ],
    dependencies: Object.fromEntries(ranges.filter((range) => !isOptional(range))),
    peerDependencies: Object.fromEntries(peers),
    peerDependenciesMeta: Object.fromEntries(peers.map(([name]) => [name, { optional: true }])),
  };
}

/**
 * Node imports the module that reports a missing SDK. Bundlers and `require` get the other one: the
 * first awaits an `import()` at its top level, which neither a CommonJS bundle nor `require` can
 * do.
 */
function target(name: string, path: string): Record<string, string> {
  const types = `./${path}.d.ts`;
  if (!checkedModules.includes(name)) return { types, default: `./${path}.js` };
  const plain = `./${path}.js`;
  return {
    types,
    module: plain,
    require: plain,
    default: plain.replace("/index.js", "/checked.js"),
  };
}
