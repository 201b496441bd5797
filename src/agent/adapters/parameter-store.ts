import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { RequestHandler } from '../../aws/request-handler.ts';
import { RunError } from '../../shared/errors.ts';
import { refusedByAws } from './aws-errors.ts';
import type { AwsSettings } from './identity.ts';
import { within } from './with-deadline.ts';

const DEADLINE_MS = 30_000;

/** The text of a Parameter Store parameter (SecureStrings decrypted). The value goes nowhere but to the caller. */
export async function readParameter(name: string, { region, credentials }: AwsSettings): Promise<string> {
  const client = new SSMClient({ region, credentials, requestHandler: new RequestHandler() });
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  try {
    const { Parameter } = await within(DEADLINE_MS, (abortSignal) => client.send(command, { abortSignal }));
    if (Parameter?.Value) return Parameter.Value;
  } catch (error) {
    if ((error as Error).name !== 'ParameterNotFound') throw refusedByAws('ssm:GetParameter', error);
  }
  throw new RunError('usage', `--password-parameter ${name}: there is no such parameter`, {
    hint: 'Create it in Parameter Store (SecureString) in the Region of this host.',
  });
}
