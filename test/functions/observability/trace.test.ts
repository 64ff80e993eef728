import { PassThrough } from "node:stream";
import { type Logger, pino } from "pino";
import { expect, test } from "vitest";
import { createAudit, logStoreEvent } from "../../../functions/observability/log.ts";
import { traceIdOf } from "../../../functions/observability/trace.ts";

const w3c = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = "00f067aa0ba902b7";
const amazon = "1-58406520-a006649127e371903a2de979";

test.each<[name: string, value: string, id: string | undefined]>([
  ["traceparent", `00-${w3c}-${parent}-01`, w3c],
  ["traceparent", `00-${w3c}-${parent}-00`, w3c],
  ["traceparent", `01-${w3c}-${parent}-01`, w3c],
  ["traceparent", `cc-${w3c}-${parent}-01-what-the-future-will-be-like`, w3c],
  ["traceparent", `00-${w3c}-${parent}-01-more`, undefined],
  ["traceparent", `cc-${w3c}-${parent}-01.more`, undefined],
  ["traceparent", `ff-${w3c}-${parent}-01`, undefined],
  ["traceparent", `00-${w3c.toUpperCase()}-${parent}-01`, undefined],
  ["traceparent", `00-${"0".repeat(32)}-${parent}-01`, undefined],
  ["traceparent", `00-${w3c}-${"0".repeat(16)}-01`, undefined],
  ["traceparent", `00-${w3c}-${parent}`, undefined],
  ["traceparent", `00-${w3c}-${parent}-1`, undefined],
  ["traceparent", `00-${w3c}0-${parent}-01`, undefined],
  ["traceparent", "", undefined],
  ["X-Cloud-Trace-Context", `${w3c}/1234567890;o=1`, w3c],
  ["X-Cloud-Trace-Context", `${w3c.toUpperCase()}/1`, w3c],
  ["X-Cloud-Trace-Context", w3c, w3c],
  ["X-Cloud-Trace-Context", `${w3c}/abc;o=1`, undefined],
  ["X-Cloud-Trace-Context", `${w3c}/1;o=1;x`, undefined],
  ["X-Cloud-Trace-Context", "0".repeat(32), undefined],
  ["X-Amzn-Trace-Id", `Root=${amazon}`, amazon],
  ["X-Amzn-Trace-Id", `Root=${amazon};Parent=53995c3f42cd8ad8;Sampled=1`, amazon],
  ["X-Amzn-Trace-Id", `Self=1-67891234-12456789abcdef012345678;Root=${amazon}`, amazon],
  ["X-Amzn-Trace-Id", `Self=${amazon}`, undefined],
  ["X-Amzn-Trace-Id", `Root=${amazon}x`, undefined],
  ["X-Amzn-Trace-Id", `Root=2${amazon.slice(1)}`, undefined],
  ["X-Amzn-Trace-Id", `Root=${amazon};${"x".repeat(500)}`, undefined],
  ["X-Trace-Id", w3c, undefined],
])("%s: %s", (name, value, id) => {
  expect(traceIdOf(new Headers({ [name]: value }))).toBe(id);
});

test("an invalid header does not hide a valid one", () => {
  const headers = new Headers({ traceparent: "x", "X-Amzn-Trace-Id": `Root=${amazon}` });
  expect(traceIdOf(headers)).toBe(amazon);
  headers.set("traceparent", `00-${w3c}-${parent}-01`);
  expect(traceIdOf(headers)).toBe(w3c);
});

/** Returns the log lines that `write` writes. */
function linesOf(write: (logger: Logger) => void): unknown[] {
  const sink = new PassThrough();
  write(pino({ base: null, messageKey: "message" }, sink));
  return (
    (sink.read() as Buffer | null)
      ?.toString()
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l)) ?? []
  );
}

test("a line names its trace for Cloud Logging, if the project is known and the id is Google's", () => {
  const line = (traceId: string, project?: string) =>
    linesOf((logger) =>
      createAudit(
        logger,
        project,
      )({
        event: "request_refused",
        status: 404,
        failure: { code: "not_found", causes: [] },
        traceId,
      }),
    );
  const field = "logging.googleapis.com/trace";
  expect(line(w3c, "my-project")).toMatchObject([
    { message: "request_refused", traceId: w3c, [field]: `projects/my-project/traces/${w3c}` },
  ]);
  expect(line(w3c)).not.toMatchObject([{ [field]: expect.anything() }]);
  expect(line(amazon, "my-project")).toMatchObject([{ traceId: amazon }]);
  expect(line(amazon, "my-project")).not.toMatchObject([{ [field]: expect.anything() }]);
});

test("changes of the breaker's state are logged, and retries are not", () => {
  const lines = linesOf((logger) => {
    logStoreEvent(logger, { event: "store_retried", code: "timeout" });
    logStoreEvent(logger, { event: "store_breaker", state: "open" });
    logStoreEvent(logger, { event: "store_breaker", state: "closed" });
  });
  expect(lines).toMatchObject([
    { level: 40, message: "store_breaker", state: "open" },
    { level: 30, message: "store_breaker", state: "closed" },
  ]);
});
