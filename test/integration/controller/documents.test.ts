import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
