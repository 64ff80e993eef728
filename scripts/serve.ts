/** `npm run serve`: looks at the source, says what is wrong with it, and starts the plain Node server. */
import { readConfig } from "../functions/config/config.ts";
import { runCommand } from "./command.ts";
import { baseUrl } from "./serve/first-link.ts";
import { reportSource } from "./serve/report-source.ts";
import { noteService } from "./serve/running-service.ts";

// Without `.env`, which is for commands: the server is started as it will run elsewhere.
await runCommand(
  async () => {
    const config = readConfig(process.env);
    await reportSource(config);
    await import("../functions/node.ts");
    if (config.port > 0) noteService(process.env, baseUrl(config.host ?? "0.0.0.0", config.port));
  },
  { readsEnvFile: false },
);
