/**
 * Returns the ID of the trace that a request belongs to, from the first of these headers that is valid:
 *
 * - `traceparent` (https://www.w3.org/TR/trace-context/#traceparent-header): 32 hexadecimal digits;
 * - `X-Cloud-Trace-Context` (https://cloud.google.com/trace/docs/trace-context): the same;
 * - `X-Amzn-Trace-Id` (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader):
 *   `1-58406520-a006649127e371903a2de979`.
 */
export function traceIdOf(headers: Headers): string | undefined {
  for (const [name, parse] of Object.entries(parsers)) {
    const value = headers.get(name);
    const id = value === null ? undefined : parse(value);
    if (id !== undefined) return id;
  }
  return undefined;
}

const parsers: Readonly<Record<string, (value: string) => string | undefined>> = {
  traceparent(value) {
    const [, version, id = "", parent = "", rest] =
      /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(value) ?? [];
    // Future versions may append fields; ff is not a version.
    const isKnown = version === "00" ? rest === undefined : version !== "ff";
    return isKnown && !isZero(id) && !isZero(parent) ? id : undefined;
  },
  "X-Cloud-Trace-Context"(value) {
    const [, id = ""] = /^([0-9a-f]{32})(?:\/\d{1,20})?(?:;o=\d)?$/i.exec(value) ?? [];
    return isZero(id) ? undefined : id.toLowerCase();
  },
  "X-Amzn-Trace-Id"(value) {
    if (value.length > 500) return undefined;
    const root = value.split(";").find((part) => part.trim().startsWith("Root="));
    const [, id] = /^Root=(1-[0-9a-f]{8}-[0-9a-f]{24})$/.exec(root?.trim() ?? "") ?? [];
    return id;
  },
};

/** Whether an ID is absent or all zeros, which is invalid. */
function isZero(id: string): boolean {
  return /^0*$/.test(id);
}
