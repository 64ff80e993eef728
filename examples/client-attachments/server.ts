/** `node examples/client-attachments/server.ts`: serves the sample files as a client's attachments. */
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { createFsSource } from "../../adapters/fs/index.ts";
import { serve } from "../shared/serve.ts";
import { createClientAttachments } from "./app.ts";
import { openDatabase } from "./database.ts";
import { seed } from "./seed.ts";

const root = fileURLToPath(new URL("../sample-files", import.meta.url));
const source = createFsSource({ root });
const db = openDatabase();
const { clientId, token, attachmentIds } = await seed(db, source);

const { url } = await serve(Number(process.env.PORT ?? 8080), () =>
  createClientAttachments({ db, source, logger: pino({ base: null }) }),
);
console.log(`The attachments of a client, as its advisor downloads them:

  curl -fOJ '${url}/api/v1/clients/${clientId}/attachments/download-multiple' \\
    -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' \\
    -d '${JSON.stringify({ attachment_ids: attachmentIds })}'
`);
