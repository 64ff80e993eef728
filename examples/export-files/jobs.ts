import type { Deliveries, StateStore } from "../../core/delivery/index.ts";
import { ZiplinkError } from "../../core/index.ts";

/** An export: names of files, each of which is a delivery. */
export interface ExportJob {
  readonly id: string;
  readonly names: readonly string[];
  readonly callback?: string | undefined;
}

/** Exports, kept in a state store beside the deliveries. */
export interface ExportJobs {
  create(names: readonly string[], callback: string | undefined): Promise<ExportJob>;
  get(id: string): Promise<ExportJob | undefined>;
  /** The id of the delivery of a file. */
  deliveryId(id: string, file: number): string;
  /** The export that a delivery belongs to. */
  ofDelivery(deliveryId: string): Promise<ExportJob | undefined>;
}

export function createExportJobs(store: StateStore): ExportJobs {
  const jobs: ExportJobs = {
    async create(names, callback) {
      const job = { id: crypto.randomUUID(), names, callback };
      await store.put(`exports/${job.id}`, Buffer.from(JSON.stringify(job)), "nothing");
      return job;
    },
    async get(id) {
      if (!/^[0-9a-f-]{36}$/.test(id)) return undefined;
      const found = await store.get(`exports/${id}`);
      return found && (JSON.parse(Buffer.from(found.bytes).toString()) as ExportJob);
    },
    deliveryId: (id, file) => `${id}-${file}`,
    ofDelivery: (deliveryId) => jobs.get(deliveryId.slice(0, 36)),
  };
  return jobs;
}

/** Description of an export; its status is that of all files together. */
export async function describeExport(
  job: ExportJob,
  deliveries: Deliveries,
  jobs: ExportJobs,
  caller: string,
) {
  const files = await Promise.all(
    job.names.map(async (name, i) => {
      try {
        const delivery = await deliveries.get(jobs.deliveryId(job.id, i), caller);
        const { bytes } = await deliveries.progress(delivery);
        const { status, error, result } = delivery;
        return {
          name,
          status,
          bytes,
          ...(error && { error }),
          ...(result && { ...result.checksums }),
        };
      } catch (error) {
        if (!(error instanceof ZiplinkError) || error.code !== "not_found") throw error;
        return { name, status: "pending", bytes: 0 }; // it is about to be created
      }
    }),
  );
  const count = (status: string) => files.filter((file) => file.status === status).length;
  const isOver = files.every(({ status }) => ["completed", "failed", "cancelled"].includes(status));
  const [done, failed] = [count("completed"), count("failed")];
  const ended =
    done === files.length ? "completed" : done > 0 ? "partly" : failed > 0 ? "failed" : "cancelled";
  return { id: job.id, status: isOver ? ended : "running", completed: done, failed, files };
}
