import type { ToolName } from "./tools.ts";

/** Every contestant, loaded only where it runs: the code of others would count as its memory. */
export const contestants = {
  "pass-through": () => import("./pass-through.ts"),
  ziplink: () => import("./ziplink.ts"),
  "zip-stream": () => import("./zip-stream.ts"),
  archiver: () => import("./archiver.ts"),
  "archiver-at-once": () => import("./archiver-at-once.ts"),
  "client-zip": () => import("./client-zip.ts"),
  yazl: () => import("./yazl.ts"),
  "s3-zip": () => import("./s3-zip.ts"),
  cat: () => importTool("cat"),
  "python-zipfile": () => importTool("python-zipfile"),
  "info-zip": () => importTool("info-zip"),
};

async function importTool(name: ToolName) {
  const { createToolContestant } = await import("./tools.ts");
  return { send: createToolContestant(name) };
}

export type ContestantName = keyof typeof contestants;
