/** A JSON object. */
export type Json = { readonly [key: string]: unknown };

/** A status and its body. */
export interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** Returns an error in Google's form. */
export function problem(code: number, message: string): Answer {
  const status = { 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND" }[code];
  return { status: code, body: { error: { code, message, status: status ?? "INTERNAL" } } };
}

/** The account that Cloud Build uses in a new project. */
const BUILDER = "1-compute@developer.gserviceaccount.com";

/**
 * Creates the state of a stub project, by the path that reads each resource, and the effect of each
 * call on it.
 */
export function createGcpCloud(functionUrl: () => string) {
  const things = new Map<string, Json>([
    [`iam/v1/projects/-/serviceAccounts/${BUILDER}`, { email: BUILDER }],
  ]);
  const policies = new Map<string, Json>();
  const secrets = new Map<string, string>();
  const enabled = new Set<string>();
  let exclusions: unknown[] = [];

  type Route = (match: RegExpExecArray, input: Json, query: URLSearchParams) => Json | undefined;
  const done = (response: Json = {}): Json => ({ name: "operations/1", done: true, response });
  const make = (path: string, thing: Json): Json => {
    things.set(path, thing);
    return thing;
  };
  const routes: readonly [RegExp, Route][] = [
    [
      /^GET cloudresourcemanager\/v1\/projects\/([^/]+)$/,
      ([, id]) => ({ projectId: id, projectNumber: "1", lifecycleState: "ACTIVE" }),
    ],
    [
      /^GET serviceusage\/v1\/projects\/([^/]+)\/services$/,
      () => ({ services: [...enabled].map((name) => ({ name, config: { name } })) }),
    ],
    [
      /^GET serviceusage\/v1\/projects\/[^/]+\/services\/(.+)$/,
      ([, name = ""]) => ({ name, state: enabled.has(name) ? "ENABLED" : "DISABLED" }),
    ],
    [
      /^POST serviceusage\/v1\/projects\/[^/]+\/services:batchEnable$/,
      (_, { serviceIds }) => {
        for (const id of serviceIds as string[]) enabled.add(id);
        return done();
      },
    ],
    [
      /^GET secretmanager\/v1\/projects\/[^/]+\/secrets\/([^/]+)\/versions$/,
      ([, name = ""]) => {
        const value = secrets.get(name);
        if (value === undefined) return undefined;
        return { versions: value === "" ? [] : [{ name: `x/versions/1`, state: "ENABLED" }] };
      },
    ],
    [
      /^POST secretmanager\/v1\/projects\/[^/]+\/secrets$/,
      (_, __, query) => {
        const name = query.get("secretId") ?? "";
        secrets.set(name, "");
        return { name: `projects/1/secrets/${name}` };
      },
    ],
    [
      /^POST secretmanager\/v1\/projects\/[^/]+\/secrets\/([^/:]+):addVersion$/,
      ([, name = ""], { payload }) => {
        const { data } = payload as { data: string };
        secrets.set(name, Buffer.from(data, "base64").toString());
        // Without this, gcloud reports the value as damaged in transit.
        const clientSpecifiedPayloadChecksum = true;
        return { name: `projects/1/secrets/${name}/versions/1`, clientSpecifiedPayloadChecksum };
      },
    ],
    [
      /^GET secretmanager\/v1\/projects\/[^/]+\/secrets\/([^/]+)\/versions\/latest:access$/,
      ([, name = ""]) => ({
        payload: { data: Buffer.from(secrets.get(name) ?? "").toString("base64") },
      }),
    ],
    [
      /^DELETE secretmanager\/v1\/projects\/[^/]+\/secrets\/([^/]+)$/,
      ([, name = ""]) => (secrets.delete(name) ? {} : undefined),
    ],
    [
      /^GET (.*)(?::getIamPolicy|\/iam)$/,
      ([, path = ""]) => policies.get(path) ?? { etag: "AA==" },
    ],
    [
      /^(?:POST|PUT) (.*)(?::setIamPolicy|\/iam)$/,
      ([, path = ""], input) => {
        const policy = (input.policy ?? input) as Json;
        policies.set(path, policy);
        return policy;
      },
    ],
    [
      /^POST iam\/v1\/projects\/([^/]+)\/serviceAccounts$/,
      ([, project], { accountId, serviceAccount }) => {
        const email = `${accountId}@${project}.iam.gserviceaccount.com`;
        const name = `projects/${project}/serviceAccounts/${email}`;
        return make(`iam/v1/projects/-/serviceAccounts/${email}`, {
          ...(serviceAccount as Json),
          name,
          email,
        });
      },
    ],
    // The sources: an existing bucket, and an upload.
    [/^GET storage\/storage\/v1\/b\/([^/]+)$/, ([, name]) => ({ id: name, name })],
    [
      /^GET storage\/storage\/v1\/b$/,
      (_, __, query) => ({ items: [{ id: query.get("prefix"), name: query.get("prefix") }] }),
    ],
    [
      /^POST storage\/(?:resumable\/)?upload\/storage\/v1\/b\/([^/]+)\/o$/,
      ([, bucket], { size }, query) => ({
        bucket,
        name: query.get("name"),
        generation: "7",
        size: String(size),
      }),
    ],
    [
      /^GET artifactregistry\/v1\/(projects\/[^/]+\/locations\/[^/]+\/repositories\/[^/]+)$/,
      ([, name]) => ({ name, format: "DOCKER" }),
    ],
    [
      /^GET cloudbuild\/v1\/projects\/([^/]+)\/locations\/[^/]+\/defaultServiceAccount$/,
      ([, project]) => ({ serviceAccountEmail: `projects/${project}/serviceAccounts/${BUILDER}` }),
    ],
    [
      /^POST [\w-]*run\/v2\/(projects\/([^/]+)\/locations\/[^/]+)\/builds:submit$/,
      ([, parent, projectId]) => ({
        buildOperation: {
          name: `${parent}/operations/build`,
          metadata: {
            "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata",
            build: { id: "build", projectId, name: `${parent}/builds/build`, logUrl: "http://log" },
          },
        },
        baseImageUri: "nodejs24",
      }),
    ],
    [
      /^GET cloudbuild\/v1\/(projects\/[^/]+\/locations\/[^/]+)\/operations\/build$/,
      ([, parent]) => ({
        name: `${parent}/operations/build`,
        done: true,
        response: {
          "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.Build",
          id: "build",
          name: `${parent}/builds/build`,
          status: "SUCCESS",
          results: { images: [{ name: "image", digest: `sha256:${"0".repeat(64)}` }] },
        },
      }),
    ],
    [
      /^POST ([\w-]*run\/apis\/serving\.knative\.dev\/v1\/namespaces\/[^/]+\/services)$/,
      ([, path], input) => {
        const { name } = input.metadata as { name: string };
        return make(`${path}/${name}`, ready(input, functionUrl()));
      },
    ],
    [
      /^PUT ([\w-]*run\/apis\/serving\.knative\.dev\/v1\/namespaces\/[^/]+\/services\/[^/]+)$/,
      ([, path = ""], input) => make(path, ready(input, functionUrl())),
    ],
    [/^POST logging\/v2\/.*\/buckets\/[^/]+:undelete$/, () => ({})],
    [
      /^POST (logging\/v2\/.*\/(?:buckets|sinks))$/,
      ([, path], input, query) => make(`${path}/${query.get("bucketId") ?? input.name}`, input),
    ],
    [
      /^GET logging\/v2\/projects\/[^/]+\/sinks\/_Default$/,
      () => ({ name: "_Default", destination: "logging.googleapis.com/x", exclusions }),
    ],
    [
      /^(?:PATCH|PUT) logging\/v2\/projects\/[^/]+\/sinks\/_Default$/,
      (_, input) => {
        exclusions = (input.exclusions ?? []) as unknown[];
        return { name: "_Default", destination: "logging.googleapis.com/x", exclusions };
      },
    ],
    [
      /^PATCH (logging\/v2\/.*\/(?:buckets|sinks)\/[^/]+)$/,
      ([, path = ""], input) => make(path, { ...things.get(path), ...input }),
    ],
    [/^GET (.*)$/, ([, path = ""]) => things.get(path)],
    [/^DELETE (.*)$/, ([, path = ""]) => (things.delete(path) ? {} : undefined)],
  ];
  return {
    secrets,
    answer(action: string, input: Json, query: URLSearchParams): Answer {
      for (const [form, route] of routes) {
        const match = form.exec(action);
        if (!match) continue;
        const body = route(match, input, query);
        return body ? { status: 200, body } : problem(404, `not found: ${action}`);
      }
      return problem(404, `The stub has no ${action}`);
    },
  };
}

/** Returns a service as Cloud Run shows it once it is serving. */
function ready(service: Json, url: string): Json {
  const metadata = service.metadata as Json;
  const generation = Number(metadata.generation ?? 0) + 1;
  const conditions = ["Ready", "ConfigurationsReady", "RoutesReady"].map((type) => ({
    type,
    status: "True",
  }));
  const traffic = [{ revisionName: "revision-1", percent: 100, latestRevision: true }];
  return {
    ...service,
    metadata: { ...metadata, generation, resourceVersion: "1", uid: "1" },
    status: {
      observedGeneration: generation,
      conditions,
      url,
      address: { url },
      traffic,
      latestReadyRevisionName: "revision-1",
      latestCreatedRevisionName: "revision-1",
    },
  };
}
