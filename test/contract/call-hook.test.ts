import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { failure, plainHost, startLab } from './embedded-lab.ts';

test('a call is held at the gate before its work; what strikes it is looked for when it goes on', async () => {
  let open = () => {};
  let arrived = (_action: string) => {};
  const atHook = new Promise<string>((resolve) => {
    arrived = resolve;
  });
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  await using lab = await startLab({
    callHook: ({ action }) => {
      arrived(action);
      return held;
    },
  });
  const answer = failure(lab.as('operator').sts.send(new GetCallerIdentityCommand({})));
  expect(await atHook).toBe('GetCallerIdentity');
  expect(lab.aws.calls).toMatchObject([{ action: 'GetCallerIdentity', principal: 'anonymous' }]);
  lab.aws.behave({ faults: [{ kind: 'refuse', action: 'GetCallerIdentity', code: 'Broken' }] });
  open();
  expect(await answer).toMatchObject({ name: 'Broken' });
});

test('a gate that rejects cuts the connection, of the metadata service as well', async () => {
  const shut: string[] = [];
  await using lab = await startLab({
    callHook: async ({ action }) => {
      shut.push(action);
      throw new Error('shut');
    },
  });
  const { imdsEndpoint } = await lab.aws.addHost(plainHost(1));
  await expect(fetch(`${imdsEndpoint}/latest/api/token`, { method: 'PUT' })).rejects.toThrow();
  expect((await failure(lab.as('operator').sts.send(new GetCallerIdentityCommand({})))).status).toBeUndefined();
  expect(shut).toEqual(['/latest/api/token', 'GetCallerIdentity']);
});
