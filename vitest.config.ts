import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Much of a test's time is other programs'. By default vitest leaves a core to itself.
    maxWorkers: "100%",
  },
});
