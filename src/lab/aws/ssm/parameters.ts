import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizeAction, authorizeSsm } from './authorize.ts';
import { parseInput, seconds } from './json-protocol.ts';
import type { SsmWorld } from './model.ts';

const Get = v.strictObject({ Name: v.string(), WithDecryption: v.optional(v.boolean(), false) });

/** Below it Parameter Store passes on what Secrets Manager holds, to those who may read it there. */
const SECRETS = '/aws/reference/secretsmanager/';

/** GetParameter of a SecureString; without WithDecryption the answer is a ciphertext, as in Parameter Store. */
export async function getParameter(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Get, call.parameters);
  authorizeSsm(call.caller, 'GetParameter', arn.parameter(world.account, input.Name));
  if (input.Name.startsWith(SECRETS)) {
    const secret = arn.secret(world.account, input.Name.slice(SECRETS.length));
    authorizeAction(call.caller, 'secretsmanager:GetSecretValue', secret);
  }
  const stored = world.parameters.get(input.Name);
  if (stored === undefined) throw new ApiError('ParameterNotFound', `Parameter ${input.Name} not found.`);
  return {
    Parameter: {
      Name: stored.name,
      Type: 'SecureString',
      Value: input.WithDecryption ? stored.value : Buffer.from(`encrypted ${stored.name}`).toString('base64'),
      Version: 1,
      LastModifiedDate: seconds(stored.modifiedAt),
      ARN: arn.parameter(world.account, stored.name),
      DataType: 'text',
    },
  };
}
