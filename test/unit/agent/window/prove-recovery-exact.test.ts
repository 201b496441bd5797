import { describe, expect, it } from 'vitest';
import { readServer } from '../../../../src/agent/discovery/server-facts.ts';
import type { Row, ServerReader } from '../../../../src/agent/ports.ts';
import { proveRecoveryUnchanged } from '../../../../src/agent/window/prove-recovery-exact.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { describedHost, plant, type Tree } from '../../../fixtures/described-host.ts';
import { type DescribedServer, mysql } from '../../../fixtures/described-server.ts';

const grants = [{ grant: 'GRANT RELOAD, PROCESS, REPLICATION CLIENT, SHOW VIEW ON *.*' }];
const described = (answers: Record<string, readonly Row[]> = {}, variables: Record<string, string> = {}) =>
  mysql('8.4.3', { answers: { grants, ...answers }, variables });

const session = ({ answers }: DescribedServer): ServerReader => ({ ask: async ({ name }) => answers[name] ?? [] });
const sound = described();
const planned = await readServer(session(sound), describedHost(sound.tree), 'crash');
const prove = (now: DescribedServer, ...trees: readonly Tree[]) =>
  proveRecoveryUnchanged(session(now), describedHost(plant(now.tree, ...trees)), planned, false);

describe('the proof that recovery is still exact', () => {
  it('holds where all is as it was planned', async () => {
    expect(await prove(described())).toMatchObject({ name: 'recovery exact', held: true });
  });

  it.each<[string, DescribedServer, string]>([
    ['the binary log is no longer synced', described({}, { sync_binlog: '1000' }), 'sync_binlog is 1000'],
    [
      'a table came that is not InnoDB',
      described({ 'non-transactional-tables': [{ schema: 'shop', name: 'new', engine: 'MyISAM' }] }),
      '`shop`.`new` (MYISAM)',
    ],
    ['the account lost its privilege', described({ grants: [{ grant: 'GRANT PROCESS ON *.*' }] }), 'lacks SHOW VIEW'],
    [
      'the redo log was disabled',
      described({ status: [{ Variable_name: 'Innodb_redo_log_enabled', Value: 'OFF' }] }),
      'the InnoDB redo log was disabled meanwhile',
    ],
  ])('fails where %s', async (_what, now, reason) => {
    expect(await prove(now)).toEqual({ name: 'recovery exact', held: false, detail: expect.stringContaining(reason) });
  });

  it('fails where a file came to the server that is not in the plan', async () => {
    const elsewhere = { files: { '/elsewhere/new.ibd': '' } };
    expect(await prove(described({ 'data-files': [{ path: '/elsewhere/new.ibd' }] }), elsewhere)).toMatchObject({
      held: false,
      detail: expect.stringMatching(/^\/elsewhere\/.* \(tablespace\) came to the server meanwhile$/),
    });
  });

  it('leaves the files to those who looked while DDL was held back: what waited for that has come since', async () => {
    const elsewhere = describedHost(plant(sound.tree, { files: { '/elsewhere/new.ibd': '' } }));
    const now = session(described({ 'data-files': [{ path: '/elsewhere/new.ibd' }] }));
    expect(await proveRecoveryUnchanged(now, elsewhere, planned, true)).toMatchObject({ held: true });
  });

  it('holds where a file has gone: what is in the set too much does no harm', async () => {
    const more = { ...planned, files: [...planned.files, { role: 'tablespace', path: '/gone/old.ibd' } as const] };
    expect(await proveRecoveryUnchanged(session(sound), describedHost(sound.tree), more, false)).toMatchObject({
      held: true,
    });
  });

  it('fails where the server does not answer', async () => {
    const ended: ServerReader = {
      ask: async () => {
        throw new RunError('connection-lost', 'connection 42 to the server: it was closed');
      },
    };
    expect(await proveRecoveryUnchanged(ended, describedHost(sound.tree), planned, false)).toMatchObject({
      held: false,
      detail: 'connection 42 to the server: it was closed',
    });
  });
});
