import { readFileSync } from 'node:fs';
import { CreateDocumentCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedAws, startEmbeddedAws } from '../../../src/lab/aws/embedded-aws.ts';
import type { DocumentRun } from '../../../src/lab/ssm-agent/run-document.ts';
import { InstanceId } from '../../../src/shared/ids.ts';

const content = readFileSync(new URL('../../../ssm-documents/snapshot.yaml', import.meta.url), 'utf8');
const instanceId = v.parse(InstanceId, 'i-00000000000000001');

describe('the document in Systems Manager', () => {
  let aws: EmbeddedAws;
  let ssm: SSMClient;
  const runs: DocumentRun[] = [];
  beforeAll(async () => {
    aws = await startEmbeddedAws({ store: { capture: async () => {} } });
    const run = async (_host: unknown, documentRun: DocumentRun) => {
      runs.push(documentRun);
      return [];
    };
    await aws.addHost({ instanceId, tags: {}, volumes: [], enter: [], environment: {} }, { run });
    ssm = new SSMClient({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator, maxAttempts: 1 });
  });
  afterAll(() => aws?.[Symbol.asyncDispose]());

  const send = (parameters: Record<string, string>) =>
    ssm.send(
      new SendCommandCommand({
        DocumentName: 'mysql-ebs-snapshot',
        InstanceIds: [instanceId],
        Parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]])),
      }),
    );

  it('is accepted', async () => {
    const request = {
      Name: 'mysql-ebs-snapshot',
      Content: content,
      DocumentType: 'Command',
      DocumentFormat: 'YAML',
    } as const;
    const { DocumentDescription } = await ssm.send(new CreateDocumentCommand(request));
    expect(DocumentDescription?.PlatformTypes).toContain('Linux');
  });

  it.each<Record<string, string>>([
    { RunId: '$(touch /tmp/x)' },
    { RunId: '{{ssm:secret}}' },
    { Tags: "Team=it's; rm -rf /" },
    { Tags: 'Team=`id`' },
    { PasswordParameter: '/prod/root' },
    { ServerGroup: '/etc/my.cnf' },
    { LockTimeout: '3; id' },
    { Operation: 'restore' },
    { DataDir: '/etc' },
  ])('refuses %j before any host hears of it', async (parameters) => {
    await expect(send(parameters)).rejects.toMatchObject({ name: 'InvalidParameters' });
    expect(runs).toEqual([]);
  });

  it('reaches a host with what was given', async () => {
    await send({ Tags: 'Team=db,Cost center=4 2' });
    await expect.poll(() => runs.map(({ parameters }) => parameters)).toEqual([{ Tags: ['Team=db,Cost center=4 2'] }]);
  });
});
