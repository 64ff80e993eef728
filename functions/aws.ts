/** AWS Lambda, behind a Function URL or API Gateway that streams responses: the handler is `handler`. */
import { createLambdaFunction, lambdaResponseLimits } from "./aws/index.ts";
import { readSecretParameters } from "./aws/secret-parameters.ts";
import { readConfig } from "./config/config.ts";
import { createService } from "./service.ts";

const config = readConfig(await readSecretParameters(process.env), lambdaResponseLimits);

/** What Lambda calls: set the function's handler to this export. */
export const handler = createLambdaFunction(await createService(config), config);
