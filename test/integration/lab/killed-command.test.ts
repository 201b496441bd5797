import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CancelCommandCommand,
  CreateDocumentCommand,
  GetCommandInvocationCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { expect, test, vi } from 'vitest';
import { INSTALLED_SERVER } from '../../../src/lab/servers/server-name.ts';
import { type StandingHost, type StandingLab, withLab } from '../../../src/lab/standing/standing-lab.ts';
import { TAG } from '../../../src/shared/tags.ts';
import { isFrozen } from '../../support/xfs.ts';

const repository = join(import.meta.dirname, '../../..');
const document = readFileSync(join(repository, 'ssm-documents/snapshot.yaml'), 'utf8');
const PATIENCE = { timeout: 60_000, interval: 20 };

/** One host, with the document installed under a name; EC2 does its work half-way through such a latency. */
async function withInstalledDocument(
  content: string,
  apiLatencyMs: number,
  use: (lab: StandingLab, host: StandingHost, ssm: SSMClient) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync('/var/lib/mysql-ebs-snapshot-lab-test-');
  chmodSync(root, 0o755);
  const options = {
    root,
    dist: join(repository, 'dist'),
    hosts: 1,
    server: INSTALLED_SERVER,
    durability: '1/1',
    apiLatencyMs,
  } as const;
  try {
    await withLab(
      'rehearse',
      options,
      new AbortController().signal,
      () => {},
      async (lab) => {
        const { endpoint, region, administrator: credentials } = lab.aws;
        const ssm = new SSMClient({ endpoint, region, credentials });
        const request = {
          Name: 'snapshot',
          DocumentType: 'Command',
          DocumentFormat: 'YAML',
          Content: content,
        } as const;
        await ssm.send(new CreateDocumentCommand(request));
        const [host] = lab.hosts;
        if (host === undefined) throw new Error('a lab without a host');
        await use(lab, host, ssm);
      },
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Sends the document, and waits until EC2 has the request: from there on the host is locked and frozen. */
async function frozenByCommand(lab: StandingLab, host: StandingHost, ssm: SSMClient): Promise<string> {
  const { Command } = await ssm.send(
    new SendCommandCommand({
      DocumentName: 'snapshot',
      InstanceIds: [host.instanceId],
      Parameters: { RunId: ['killed'], FreezeTimeout: ['60'] },
    }),
  );
  await vi.waitFor(() => {
    const [real] = lab.aws.calls.filter((call) => call.action === 'CreateSnapshots' && !call.parameters['DryRun']);
    expect(real).toBeDefined();
  }, PATIENCE);
  return Command?.CommandId ?? '';
}

async function ended(ssm: SSMClient, CommandId: string, { instanceId: InstanceId }: StandingHost): Promise<string> {
  return vi.waitFor(async () => {
    const { StatusDetails = '' } = await ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
    expect(StatusDetails).not.toMatch(/Pending|InProgress|Cancelling/);
    return StatusDetails;
  }, PATIENCE);
}

/**
 * Nothing frozen, nothing locked, and what EC2 takes after all is not called good; the next run finds its way. What was
 * thawed before EC2 took anything was not thawed by its answer, nor by the freeze timeout, which comes later still.
 */
async function expectUnhurt(lab: StandingLab, host: StandingHost, ssm: SSMClient): Promise<void> {
  const { data, binlog } = host.paths;
  await vi.waitFor(() => expect([data, binlog].map(isFrozen)).toEqual([false, false]), PATIENCE);
  const root = await host.server.connect();
  await root.query('CREATE OR REPLACE TABLE mysql.host_is_whole (a INT) ENGINE=InnoDB');
  await root.end();
  const { endpoint, region, administrator: credentials } = lab.aws;
  const ec2 = new EC2Client({ endpoint, region, credentials });
  const Filters = [{ Name: `tag:${TAG.run}`, Values: ['killed'] }];
  const grades = async () =>
    ((await ec2.send(new DescribeSnapshotsCommand({ Filters }))).Snapshots ?? []).map(
      ({ Tags = [] }) => Tags.find(({ Key }) => Key === TAG.grade)?.Value,
    );
  expect(await grades()).toEqual([]);
  await vi.waitFor(async () => expect(await grades()).toHaveLength(2), PATIENCE);
  expect(await grades()).toEqual(['unproven', 'unproven']);

  lab.aws.behave({ latencyMs: {} });
  const { Command } = await ssm.send(
    new SendCommandCommand({ DocumentName: 'snapshot', InstanceIds: [host.instanceId] }),
  );
  expect(await ended(ssm, Command?.CommandId ?? '', host)).toBe('Success');
}

test('a command that is cancelled while everything is frozen leaves the host unhurt', async () => {
  await withInstalledDocument(document, 20_000, async (lab, host, ssm) => {
    const CommandId = await frozenByCommand(lab, host, ssm);
    await ssm.send(new CancelCommandCommand({ CommandId }));
    expect(await ended(ssm, CommandId, host)).toBe('Cancelled');
    await expectUnhurt(lab, host, ssm);
  });
});

test('a document whose time runs out while everything is frozen leaves the host unhurt', async () => {
  const impatient = document.replace('timeoutSeconds: 3600', 'timeoutSeconds: 20');
  expect(impatient).not.toBe(document);
  await withInstalledDocument(impatient, 80_000, async (lab, host, ssm) => {
    const CommandId = await frozenByCommand(lab, host, ssm);
    expect(await ended(ssm, CommandId, host)).toBe('ExecutionTimedOut');
    await expectUnhurt(lab, host, ssm);
  });
});
