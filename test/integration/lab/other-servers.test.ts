import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const LAB = join(import.meta.dirname, '../../../dist/lab.cjs');

/** The first time a server is brought from Debian's mirror. */
const WITH_DOWNLOAD_MS = 900_000;

let root: string;
beforeEach(() => {
  root = mkdtempSync('/var/lib/mysql-ebs-snapshot-lab-test-');
  chmodSync(root, 0o755);
});
afterEach(() => {
  spawnSync(process.execPath, [LAB, 'down', '--root', root]);
  rmSync(root, { recursive: true });
});

// At 0 the proof of the redo log takes part, which differs as much as all the rest.
it.runIf(process.arch === 'x64').each([
  ['mysql-9.7', '1/1', 'MySQL 9.7.'],
  ['mysql-9.7', '0/0', 'MySQL 9.7.'],
  ['mariadb-11.8', '0/0', 'MariaDB 11.8.'],
])(
  'a set of %s is proven at durability %s',
  (server, durability, title) => {
    const options = ['--json', '--root', root, '--hosts', '1', '--server', server, '--durability', durability];
    const { status, stdout, stderr } = spawnSync(process.execPath, [LAB, 'rehearse', ...options], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => line.startsWith('Not proven'))).toEqual([]);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      outcome: 'done',
      hosts: 1,
      ackedLost: 0,
      beyondCoordinates: 0,
      coordinatesExact: true,
    });
    expect(stderr).toContain(` runs ${title}`);
    expect(status).toBe(0);
  },
  WITH_DOWNLOAD_MS,
);
