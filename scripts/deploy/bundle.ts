/** The clouds for which bundles exist. */
export const bundleTargets = ["gcp", "aws"] as const;
export type BundleTarget = (typeof bundleTargets)[number];

/** The code that one cloud runs. */
export interface Bundle {
  /** The folder to upload. */
  readonly dir: string;
  /** The same contents as a ZIP, for Lambda. */
  readonly zipFile?: string;
  /**
   * Length of the ZIP in bytes. Google Cloud's tool makes its own ZIP; there, the length of one
   * made in the same way.
   */
  readonly bytes: number;
}
