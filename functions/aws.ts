/** AWS Lambda, behind a Function URL or API Gateway that streams responses: the handler is `handler`. */
import { surviveExpectedRejections } from "./aws/broken-off.ts";
import { createLambdaHandler } from "./aws/handler.ts";
import { readSecretParameters } from "./aws/secret-parameters.ts";
import { readConfig } from "./config/config.ts";
import { createService } from "./service.ts";

/**
 * Lambda streams 200 MB of response at most, which counts status, headers and framing too
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html).
 */
const MAX_RESPONSE_BYTES = 190 * 1024 * 1024;

const config = readConfig(await readSecretParameters(process.env), {
  maxResponseBytes: MAX_RESPONSE_BYTES,
  maxFixedLength: Infinity,
});

surviveExpectedRejections();

/** What Lambda calls: set the function's handler to this export. */
export const handler = awslambda.streamifyResponse(
  createLambdaHandler(await createService(config), config.clientStallSeconds),
);
