/** Entrypoint for AWS Lambda, behind a Function URL or an API Gateway that streams; exports `handler`. */
import { createLambdaFunction, lambdaResponseLimits } from "./aws/index.ts";
import { readSecretParameters } from "./aws/secret-parameters.ts";
import { readConfig } from "./config/config.ts";
import { createService } from "./service.ts";

const config = readConfig(await readSecretParameters(process.env), lambdaResponseLimits);

/** The function's handler: set this export in Lambda's configuration. */
export const handler = createLambdaFunction(await createService(config), config);
