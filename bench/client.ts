/** Replaces curl where it is not installed: `node client.ts URL`. */
import { get } from "node:http";

const started = performance.now();
let bytes = 0;
get(process.argv[2] ?? "", (response) => {
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  response.on("end", () => {
    if (!response.complete) throw new Error("The response was cut short.");
    console.log(`${bytes} ${(performance.now() - started) / 1000}`);
  });
});
