import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { sendError, sendJson } from "./answers.ts";
import { type FakeObjects, toResource } from "./objects.ts";

/** https://docs.cloud.google.com/storage/docs/json_api/v1/objects/compose#request-body */
interface ComposeRequest {
  readonly sourceObjects: readonly {
    readonly name: string;
    readonly objectPreconditions?: { readonly ifGenerationMatch?: string };
  }[];
  readonly destination?: {
    readonly contentType?: string;
    readonly metadata?: Readonly<Record<string, string>>;
  };
}

/** Joins up to 32 objects into one, if each exists and has the stated generation. */
export async function compose(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  objects: FakeObjects,
  isAllowed: () => boolean,
): Promise<void> {
  const { sourceObjects, destination } = JSON.parse(await text(request)) as ComposeRequest;
  if (sourceObjects.length < 1 || sourceObjects.length > 32) {
    return sendError(response, 400, "The number of source components is not from 1 to 32.");
  }
  const parts: Buffer[] = [];
  for (const { name: source, objectPreconditions } of sourceObjects) {
    const found = objects.find(source);
    if (!found) return sendError(response, 404, `No such object: ${source}`);
    const wanted = objectPreconditions?.ifGenerationMatch;
    if (wanted !== undefined && wanted !== found.generation) {
      return sendError(response, 412, "A precondition of a source did not hold.");
    }
    parts.push(found.bytes);
  }
  if (!isAllowed()) return sendError(response, 412, "A precondition did not hold.");
  const { contentType, metadata } = destination ?? {};
  const object = objects.put(name, Buffer.concat(parts), { contentType, metadata });
  const { md5Hash: _, ...resource } = toResource(object); // composed objects have none
  return sendJson(response, 200, resource);
}
