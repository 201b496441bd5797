import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { identify } from '../../../../src/agent/adapters/identity.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { answeringEndpoint } from '../../../support/aws-endpoint.ts';
import { mangled, oddText } from '../../../support/mangled-json.ts';

const endpoint = await answeringEndpoint();
beforeAll(() => {
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', endpoint.url);
  vi.stubEnv('AWS_REGION', undefined);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint[Symbol.asyncDispose]();
});

const DOCUMENT = { instanceId: 'i-0123456789abcdef0', region: 'eu-central-1', accountId: '123456789012' };

test('whatever answers in the place of the metadata service, this host is known by what it says or not at all', async () => {
  const body = fc.oneof(
    mangled(DOCUMENT).map((document) => JSON.stringify(document)),
    oddText,
    fc.json(),
  );
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(200, 401, 404), async (text, status) => {
      endpoint.answer = { status, body: text };
      try {
        const { instanceId, aws } = await identify();
        expect(JSON.parse(text)).toMatchObject({ instanceId, region: aws.region });
        expect(aws.region).toMatch(/^[a-z0-9-]+$/);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RunError);
        expect(thrown).toMatchObject({ code: 'no-identity' });
      }
    }),
  );
  endpoint.answer = { status: 200, body: JSON.stringify(DOCUMENT) };
  expect(await identify()).toMatchObject({ instanceId: DOCUMENT.instanceId, aws: { region: DOCUMENT.region } });
});
