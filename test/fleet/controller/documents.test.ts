import { createHash } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import installerPolicy from '../../../iam/installer.json' with { type: 'json' };
import { type FleetLab, startFleetLab } from './fleet-lab.ts';

describe('documents', () => {
  let lab: FleetLab;
  beforeEach(async () => {
    lab = await startFleetLab();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  const install = (...options: string[]) => lab.run(['documents', 'install', ...options], { as: 'installer' });
  const changes = () =>
    lab.aws.calls.map(({ action }) => action).filter((action) => /^(Create|Update|Delete)/.test(action));

  it('are installed, once', async () => {
    const dry = await install('--dry-run');
    expect([dry.status, dry.stdout.split('\n')[0]]).toEqual([
      0,
      'mysql-ebs-snapshot would be created (dry run, nothing changed)',
    ]);
    expect(changes()).toEqual([]);

    const first = await install();
    expect([first.status, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^mysql-ebs-snapshot created\nversion {2}1\nsha256 {3}[0-9a-f]{64}\n$/),
    ]);
    const second = await install('--json');
    expect(second.json).toMatchObject({ v: 1, outcome: 'done', document: { did: 'nothing', version: '1' } });
    expect(changes()).toEqual(['CreateDocument']);
  });

  it('are updated when this program has others, and the new version is the default', async () => {
    await install();
    await appendFile(join(lab.installation, 'ssm-documents/snapshot.yaml'), '# another version\n');

    const before = await lab.run(['documents', 'status']);
    expect([before.status, before.stdout]).toEqual([
      27,
      expect.stringContaining('is NOT the document of this program'),
    ]);
    const refused = await lab.run(['snapshot', '--target', 'tag:Role=db']);
    expect([refused.status, refused.stderr]).toEqual([
      27,
      expect.stringContaining('hint: Run `mysql-ebs-snapshot documents install`.'),
    ]);

    const updated = await install();
    expect([updated.status, updated.stdout]).toEqual([
      0,
      expect.stringContaining('mysql-ebs-snapshot updated\nversion  2\n'),
    ]);
    const after = await lab.run(['documents', 'status', '--json']);
    expect([after.status, after.json]).toEqual([0, expect.objectContaining({ outcome: 'done' })]);

    const granted = installerPolicy.Statement.flatMap(({ Action }) => Action);
    const byInstaller = lab.aws.calls.filter(({ principal }) => principal.endsWith('user/installer'));
    expect(new Set(byInstaller.map(({ service, action }) => `${service}:${action}`))).toEqual(new Set(granted));
  });

  it.each(['Failed', 'Creating'])('of ours that are %s are no more to be run than others', async (status) => {
    const text = await readFile(join(lab.installation, 'ssm-documents/snapshot.yaml'));
    const Hash = createHash('sha256').update(text).digest('hex');
    const Document = {
      Name: 'mysql-ebs-snapshot',
      DocumentVersion: '1',
      Status: status,
      Hash,
      StatusInformation: 'why',
    };
    // The lab's documents are always active; this is a Systems Manager that has only the one answer.
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify({ Document }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const environment = { AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    try {
      const seen = await lab.run(['documents', 'status'], { environment });
      expect([seen.status, seen.stdout]).toEqual([
        27,
        expect.stringMatching(new RegExp(`is ${status}, not Active: why\\nhint: Run .*documents install`)),
      ]);
      const { status: exit, json } = await lab.run(['documents', 'status', '--json'], { environment });
      expect([exit, json.outcome, json.code]).toEqual([27, 'refused', 'document-invalid']);
      const run = await lab.run(['plan', '--target', 'tag:Role=db', '--json'], { environment });
      expect([run.status, run.json.message]).toEqual([27, json.message]);
    } finally {
      server.close();
    }
  });

  it('that are not there are named, with the remedy', async () => {
    for (const argv of [
      ['documents', 'status'],
      ['plan', '--target', 'tag:Role=db'],
    ]) {
      const { status, stderr } = await lab.run([...argv, '--json']);
      expect([status, stderr]).toEqual([
        27,
        "mysql-ebs-snapshot: there is no document 'mysql-ebs-snapshot'\nhint: Run `mysql-ebs-snapshot documents install`.\n",
      ]);
    }
  });
});
