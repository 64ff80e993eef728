/** Every contestant, loaded only where it runs: another's code would count as its memory. */
export const contestants = {
  "pass-through": () => import("./pass-through.ts"),
  ziplink: () => import("./ziplink.ts"),
  "zip-stream": () => import("./zip-stream.ts"),
  archiver: () => import("./archiver.ts"),
  "client-zip": () => import("./client-zip.ts"),
  yazl: () => import("./yazl.ts"),
  "s3-zip": () => import("./s3-zip.ts"),
};

export type ContestantName = keyof typeof contestants;
