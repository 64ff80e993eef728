import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { type Logger, pino } from "pino";
import { expect } from "vitest";
import type { Downloaded } from "./download.ts";

type LogFields = Readonly<Record<string, unknown>>;

/** A logger, and everything it has logged. */
export interface CapturedLog {
  readonly logger: Logger;
  text(): string;
  /** Returns the lines of an event, without the fields that every line has. */
  events(name: string): LogFields[];
  /** Resolves with the first line of an event, once there is one. */
  nextEvent(name: string): Promise<LogFields>;
  clear(): void;
}

export function captureLog(): CapturedLog {
  let text = "";
  const waiting = new Set<() => void>();
  const sink = {
    write(line: string) {
      text += line;
      for (const check of waiting) check();
    },
  };
  const events = (name: string) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === name)
      .map(({ msg: _, level: __, ...fields }) => fields);
  return {
    logger: pino({ base: null, timestamp: false, level: "trace" }, sink),
    text: () => text,
    events,
    nextEvent: (name) =>
      new Promise((resolve) => {
        const check = () => {
          const [first] = events(name);
          if (!first) return;
          waiting.delete(check);
          resolve(first);
        };
        waiting.add(check);
        check();
      }),
    clear() {
      text = "";
    },
  };
}

/** Serves an application with Node's HTTP server, on a free port of this machine. */
export async function listen(listener: Parameters<typeof createServer>[1]) {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Runs a line in a shell, as a user who has copied it would. */
export async function runLine(line: string, cwd: string): Promise<void> {
  await promisify(execFile)("sh", ["-c", line], { cwd, timeout: 60_000 });
}

/** Returns the status and the detail of an error; its body must contain nothing else. */
export function told({ status, headers, bytes }: Downloaded): [number, string] {
  expect(headers["content-type"]).toBe("application/json");
  const { detail, ...rest } = JSON.parse(bytes.toString());
  expect(rest).toEqual({});
  return [status, detail];
}
