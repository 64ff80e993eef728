/** `@ziplink/ziplink/aws`: an app as an AWS Lambda function that streams its responses. */
import type { Writable } from "node:stream";
import type { ResponseLimits } from "../../core/http/respond.ts";
import type { App } from "../app/app.ts";
import { defaults } from "../config/defaults.ts";
import { surviveExpectedRejections } from "./broken-off.ts";
import { createLambdaHandler, type Invocation } from "./handler.ts";

export type { App, Invocation, ResponseLimits };

/**
 * The `responseLimits` of an app on Lambda, which streams at most 200 MB per response, including
 * status, headers and framing
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html).
 */
export const lambdaResponseLimits: ResponseLimits = {
  maxResponseBytes: 190 * 1024 * 1024,
  maxFixedLength: Infinity,
};

/** A function that Lambda calls with an event, the stream of its response, and the invocation. */
export type LambdaFunction = (
  event: unknown,
  stream: Writable,
  invocation: Invocation,
) => Promise<void>;

/** Options of `createLambdaFunction`. */
export interface LambdaFunctionOptions {
  /** Seconds that a client may accept no data before its download is broken off. Default 30. */
  readonly clientStallSeconds?: number;
}

/**
 * Creates the handler of a function behind a Function URL or API Gateway, both with response streaming.
 * Must be called once, when the function starts: it needs Lambda's runtime, and keeps broken-off
 * downloads from ending the process.
 */
export function createLambdaFunction(
  app: App,
  { clientStallSeconds = defaults.clientStallSeconds }: LambdaFunctionOptions = {},
): LambdaFunction {
  surviveExpectedRejections();
  const handler = createLambdaHandler(app, clientStallSeconds);
  // Lambda's stream has one more method, which is not used.
  return awslambda.streamifyResponse(handler) as LambdaFunction;
}
