/** `@ziplink/ziplink/aws`: an app as an AWS Lambda function that streams its responses. */
import type { Writable } from "node:stream";
import type { ResponseLimits } from "../../core/http/respond.ts";
import type { App } from "../app/app.ts";
import { surviveExpectedRejections } from "./broken-off.ts";
import { createLambdaHandler, type Invocation } from "./handler.ts";

export type { App, Invocation, ResponseLimits };

/**
 * The `responseLimits` of an app on Lambda, which streams 200 MB of response at most; that counts
 * status, headers and framing too
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html).
 */
export const lambdaResponseLimits: ResponseLimits = {
  maxResponseBytes: 190 * 1024 * 1024,
  maxFixedLength: Infinity,
};

/** What Lambda calls: an event, the stream of its response, and the invocation. */
export type LambdaFunction = (
  event: unknown,
  stream: Writable,
  invocation: Invocation,
) => Promise<void>;

/** How a function serves. */
export interface LambdaFunctionOptions {
  /** Seconds that a client may take nothing before its download is broken off. Default 30. */
  readonly clientStallSeconds?: number;
}

/**
 * The handler of a function behind a Function URL or API Gateway, both with response streaming. To be
 * called once, when the function starts: it needs Lambda's runtime, and makes the process outlive
 * downloads that are broken off.
 */
export function createLambdaFunction(
  app: App,
  { clientStallSeconds = 30 }: LambdaFunctionOptions = {},
): LambdaFunction {
  surviveExpectedRejections();
  const handler = createLambdaHandler(app, clientStallSeconds);
  // The stream that Lambda hands over has a method more, which is not used.
  return awslambda.streamifyResponse(handler) as LambdaFunction;
}
