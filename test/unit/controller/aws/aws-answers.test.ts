import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { associations } from '../../../../src/controller/aws/associations.ts';
import { type Clients, openClients } from '../../../../src/controller/aws/clients.ts';
import { commands } from '../../../../src/controller/aws/commands.ts';
import { documents } from '../../../../src/controller/aws/documents.ts';
import { inventory } from '../../../../src/controller/aws/inventory.ts';
import type { CommandRequest } from '../../../../src/controller/ports.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { answeringEndpoint, asXml } from '../../../support/aws-endpoint.ts';
import { mangled, oddText } from '../../../support/mangled-json.ts';
import { fakeClock, host } from '../fakes.ts';
import { associationOf, settingsOf } from '../schedules/some-schedules.ts';

const endpoint = await answeringEndpoint();
let clients: Clients;
beforeAll(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  clients = openClients({ profile: undefined, region: 'eu-central-1' });
});
afterAll(async () => {
  clients[Symbol.dispose]();
  vi.unstubAllEnvs();
  await endpoint[Symbol.asyncDispose]();
});

const COMMAND = {
  CommandId: '0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f',
  Status: 'Success',
  InstanceIds: [host(1)],
  Parameters: { RunId: ['nightly-1'] },
  Targets: [{ Key: 'tag:Role', Values: ['database'] }],
  TargetCount: 1,
  CompletedCount: 1,
  ErrorCount: 0,
};
const PLUGIN = { Name: 'run', Status: 'Success', ResponseCode: 0, ResponseStartDateTime: 1.7e9, Output: '{"v":1}' };
const ASSOCIATION = {
  AssociationId: '6fc0e2a4-ab4d-4a4e-a2c1-0f3d6f6f7a01',
  AssociationName: 'mysql-ebs-snapshot.nightly',
  Name: 'd',
  DocumentVersion: '3',
  Targets: [{ Key: 'tag:Role', Values: ['database'] }],
  Parameters: { Splay: ['300'] },
  ScheduleExpression: 'cron(0 3 ? * TUE#2 *)',
  ScheduleOffset: 2,
  ApplyOnlyAtCronInterval: true,
  Date: 1.7e9,
  LastExecutionDate: 1.7e9,
  Overview: { Status: 'Success' },
};
/** All answers of Systems Manager in one: each request takes its own part and leaves the rest. */
const SSM = {
  Command: COMMAND,
  Commands: [COMMAND],
  CommandInvocations: [{ InstanceId: host(1), Status: 'Success', StatusDetails: 'Success', CommandPlugins: [PLUGIN] }],
  InstanceInformationList: [{ InstanceId: host(1), PingStatus: 'Online', PlatformType: 'Linux' }],
  Associations: [{ AssociationId: ASSOCIATION.AssociationId, AssociationName: ASSOCIATION.AssociationName }],
  AssociationDescription: ASSOCIATION,
  Document: { Name: 'd', DocumentVersion: '3', LatestVersion: '4', Status: 'Active', Hash: 'ab' },
};
const EC2 = {
  reservationSet: [
    {
      instancesSet: [
        { instanceId: host(1), instanceState: { name: 'running' }, tagSet: [{ key: 'Name', value: 'db1' }] },
      ],
    },
  ],
};
const REQUEST: CommandRequest = {
  document: { name: 'd', version: '3', sha256: 'ab' },
  scope: { by: 'ids', ids: [host(1)] },
  parameters: {},
  comment: '',
  maxConcurrency: undefined,
  maxErrors: '0',
  deliverySeconds: 60,
};

const WINDOW = { documentName: 'd', since: new Date(0) };

/** A value, or a RunError of the table. */
async function typed<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RunError);
    expect((thrown as RunError).code).not.toBe('bug');
    return undefined;
  }
}

const INSTANCE_ID = /^m?i-[0-9a-f]{8,17}$/;

test('whatever answers in the place of Systems Manager, the controller gets what it can work with or a typed error', async () => {
  const body = fc.oneof(
    mangled(SSM).map((value) => JSON.stringify(value)),
    fc.json(),
    oddText,
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      endpoint.answer = { status: 200, body: text };
      const ssm = commands(clients, fakeClock());
      // Never an error: the command may have been accepted.
      const sent = await ssm.send(REQUEST);
      if (sent.kind === 'sent') expect(sent.commandId).toMatch(/^[0-9a-f-]{36}$/);
      for (const { commandId } of (await typed(() => ssm.sentIn(WINDOW))) ?? []) {
        expect(commandId).toMatch(/^[0-9a-f-]{36}$/);
      }
      for (const progress of (await typed(() => ssm.progress(['c'], WINDOW)))?.values() ?? [])
        expect([progress.targets, progress.completed, progress.errors].every(Number.isSafeInteger)).toBe(true);
      for (const { instanceId, status, output } of (await typed(() => ssm.invocations('c'))) ?? []) {
        expect(instanceId).toMatch(INSTANCE_ID);
        expect([typeof status, typeof output]).toEqual(['string', 'string']);
      }
      for (const { instanceId } of (await typed(() => inventory(clients).managed([host(1)]))) ?? []) {
        expect(instanceId).toMatch(INSTANCE_ID);
      }
      const document = await typed(() => documents(clients).describe('d'));
      if (document) expect(Number.isSafeInteger(document.latest)).toBe(true);
      const schedules = associations(clients, fakeClock());
      for (const { id, changedAt, settings } of (await typed(() => schedules.ours('d'))) ?? []) {
        expect([typeof id, typeof settings.name]).toEqual(['string', 'string']);
        expect(Number.isNaN(changedAt.getTime())).toBe(false);
      }
      // Never an error: they may have been carried out.
      for (const answer of [
        await schedules.create(settingsOf()),
        await typed(() => schedules.update(associationOf(), settingsOf())),
      ])
        expect(['done', 'unknown', undefined]).toContain(answer?.kind);
    }),
    { numRuns: 60 },
  );
});

test('whatever answers in the place of EC2, the inventory holds instances or there is a typed error', async () => {
  const body = fc.oneof(
    mangled(EC2).map((value) => `<Response>${asXml(value)}</Response>`),
    oddText,
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      endpoint.answer = { status: 200, body: text };
      const instances = await typed(() => inventory(clients).instances(REQUEST.scope));
      for (const { instanceId, name, state } of instances ?? []) {
        expect(instanceId).toMatch(INSTANCE_ID);
        expect([typeof name, typeof state]).toEqual(['string', 'string']);
      }
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['a page to sign in', 200],
  ['a refusal of a proxy', 403],
])('%s leaves open whether the request was accepted', async (_what, status) => {
  endpoint.answer = { status, body: '<html><body>Sign in</body></html>' };
  expect(await commands(clients, fakeClock()).send(REQUEST)).toMatchObject({ kind: 'unknown' });
  expect(await associations(clients, fakeClock()).create(settingsOf())).toMatchObject({ kind: 'unknown' });
});
