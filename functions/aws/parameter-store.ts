import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";

/**
 * The values of parameters of AWS's Parameter Store by their names, decrypted; those that are not there
 * are left out. At most ten. Rejects with the SDK's error.
 *
 * A module of its own, to be loaded where there are such: of a package that is itself loaded so, a
 * bundler can leave nothing out.
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
