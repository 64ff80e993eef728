import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import * as z from "zod";
import type { Deliveries } from "../../core/delivery/index.ts";
import { type App, readJson } from "../../functions/index.ts";
import { answerError, validate } from "../shared/errors.ts";
import { describeExport, type ExportJob, type ExportJobs } from "./jobs.ts";

const MAX_FILES = 100;
const MAX_BODY_BYTES = 200_000;

/** Whose deliveries they are. */
const CALLER = "exports";

const exportSchema = z.strictObject({
  files: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }),
        name: z.string().regex(/^[\w][\w.-]{0,199}$/, "must be a plain file name"),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
        md5: z
          .string()
          .regex(/^[0-9a-f]{32}$/)
          .optional(),
        size: z.int().min(0).optional(),
      }),
    )
    .min(1)
    .max(MAX_FILES)
    .refine((files) => new Set(files.map(({ name }) => name)).size === files.length, {
      message: "names must differ",
    }),
  callback: z.url({ protocol: /^https?$/ }).optional(),
});

export interface ExportFilesOptions {
  readonly deliveries: Deliveries;
  readonly jobs: ExportJobs;
  /** Where files go: the URL of a folder, without a slash at the end. */
  readonly destination: string;
  readonly logger: Logger;
}

/**
 * Exports: lists of URLs with checksums, downloaded into a bucket. Each file is a delivery of its own, so
 * those that fail leave the others alone.
 */
export function createExportFiles(options: ExportFilesOptions): App {
  const { deliveries, jobs, destination, logger } = options;
  const app = new Hono();

  app.post("/exports", async ({ req }) => {
    const { files, callback } = validate(exportSchema, await readJson(req.raw, MAX_BODY_BYTES));
    const job = await jobs.create(
      files.map(({ name }) => name),
      callback,
    );
    for (const [i, { name, ...file }] of files.entries()) {
      await deliveries.create({
        id: jobs.deliveryId(job.id, i),
        caller: CALLER,
        request: { kind: "file", file },
        terms: { to: `${destination}/${job.id}/${name}` },
      });
    }
    logger.info({ job: job.id, files: files.length }, "export_started");
    const headers = { Location: `/exports/${job.id}` };
    return Response.json(await describe(job), { status: 202, headers });
  });

  app.get("/exports/:id", async ({ req }) =>
    Response.json(await describe(await find(req.param("id")))),
  );

  /** Finished work stays; work in progress does not. */
  app.post("/exports/:id/cancel", async ({ req }) => {
    const job = await find(req.param("id"));
    await Promise.all(
      job.names.map((_, i) =>
        deliveries.cancel(jobs.deliveryId(job.id, i), CALLER).catch((error: unknown) => {
          // It is over already, or does not exist yet.
          logger.info({ job: job.id, file: i, code: String(error) }, "export_not_cancelled");
        }),
      ),
    );
    return Response.json(await describe(job));
  });

  async function find(id: string): Promise<ExportJob> {
    const job = await jobs.get(id);
    if (!job) throw new HTTPException(404, { message: "There is no such export." });
    return job;
  }

  const describe = (job: ExportJob) => describeExport(job, deliveries, jobs, CALLER);

  app.notFound(() => answerError(new HTTPException(404, { message: "Not found" }), logger));
  app.onError((error) => answerError(error, logger));
  return async (request) => app.fetch(request);
}

/**
 * Tells who asked for an export once all of its files are over; to be called when a delivery has ended.
 *
 * @param send sends the callback; it may be called more than once for one export
 */
export async function callBack(
  { deliveries, jobs }: Pick<ExportFilesOptions, "deliveries" | "jobs">,
  deliveryId: string,
  send: (url: string, body: unknown) => Promise<void>,
): Promise<void> {
  const job = await jobs.ofDelivery(deliveryId);
  if (job?.callback === undefined) return;
  const described = await describeExport(job, deliveries, jobs, CALLER);
  if (described.status === "running") return;
  await send(job.callback, described);
}
