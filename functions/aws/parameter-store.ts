import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";

/**
 * Returns the decrypted values of parameters in AWS's Parameter Store, by name; missing ones are left
 * out. Takes at most ten names. Rejects with the SDK's error.
 *
 * A module of its own, imported only when needed: if the SDK package itself were imported dynamically,
 * a bundler could not drop its unused parts.
 */
export async function readParameters(
  names: readonly string[],
): Promise<Map<string, string | undefined>> {
  const client = new SSMClient({});
  const command = new GetParametersCommand({ Names: [...names], WithDecryption: true });
  const { Parameters = [] } = await client.send(command);
  client.destroy();
  return new Map(Parameters.map(({ Name = "", Value }) => [Name, Value]));
}
