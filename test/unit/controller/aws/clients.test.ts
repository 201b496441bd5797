import { DescribeInstanceInformationCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { expect, it, vi } from 'vitest';
import { openClients } from '../../../../src/controller/aws/clients.ts';
import { answeringEndpoint } from '../../../support/aws-endpoint.ts';
import { clockAhead } from '../../../support/way-to-aws.ts';

it('what must not be asked twice knows what the reads have learned of a wrong clock', async () => {
  await using endpoint = await answeringEndpoint();
  endpoint.answer = { status: 200, body: '{}' };
  await using aws = await clockAhead(endpoint.url, 600_000);
  vi.stubEnv('AWS_ENDPOINT_URL', aws.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  try {
    using clients = openClients({ region: 'eu-central-1' });
    const send = () => clients.ssmNoRetry.send(new SendCommandCommand({ DocumentName: 'Any' }));
    await clients.ssm.send(new DescribeInstanceInformationCommand({}));
    await expect(send()).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
  } finally {
    vi.unstubAllEnvs();
  }
});
