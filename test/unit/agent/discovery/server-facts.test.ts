import { expect, test } from 'vitest';
import { readServer } from '../../../../src/agent/discovery/server-facts.ts';
import { withoutAccount } from '../../../../src/agent/discovery/server-questions.ts';
import type { Level } from '../../../../src/shared/result.ts';
import { describedHost } from '../../../fixtures/described-host.ts';
import { type DescribedServer, mariadb, mysql } from '../../../fixtures/described-server.ts';

const read = ({ answers, tree }: DescribedServer, asked: string[] = [], level: Level = 'application') =>
  readServer(
    {
      ask: async ({ name }) => {
        asked.push(name);
        return answers[name] ?? [];
      },
    },
    describedHost(tree),
    level,
  );

test('the recorded MariaDB is understood', async () => {
  expect(await read(mariadb())).toMatchObject({
    version: { flavour: 'mariadb', major: 10, minor: 11, patch: 19 },
    uuid: 'fXdYp7ZWAMMBm0PUMZFJoAcM0o0=',
    gtidMode: 'on',
    syncBinlog: 0,
    doublewrite: true,
    redoLogEnabled: true,
    clustered: undefined,
    privileges: ['BINLOG MONITOR', 'PROCESS', 'RELOAD', 'SLAVE MONITOR'],
  });
});

test('Percona Server says who it is in the version comment alone', async () => {
  const variables = { version: '8.4.3-3', version_comment: 'Percona Server (GPL), Release 3, Revision 1' };
  expect((await read(mysql('8.4.3', { variables }))).version).toEqual({
    flavour: 'percona',
    major: 8,
    minor: 4,
    patch: 3,
  });
});

test.each([
  ['version', 'ten'],
  ['version', '8.4.99999999999999999999'],
  ['server_uuid', '\u001b[2J'],
  ['server_uuid', 'x'.repeat(257)],
  ['server_id', ''],
  ['sync_binlog', '1.5'],
  ['innodb_flush_log_at_trx_commit', '4'],
  ['innodb_doublewrite', 'MAYBE'],
  ['log_bin', 'PERHAPS'],
])('an answer that is not understood is named: %s = %s', async (name, value) => {
  await expect(read(mysql('8.4.3', { variables: { [name]: value } }))).rejects.toMatchObject({
    code: 'server-unsupported',
    message: expect.stringContaining(name),
  });
});

test.each(['innodb_undo_directory', 'innodb_log_group_home_dir', 'innodb_data_file_path'])(
  'a place that is not told is not taken for none: %s',
  async (name) => {
    const server = mysql('8.4.3');
    const variables = server.answers['variables']?.filter((row) => row['Variable_name'] !== name) ?? [];
    const told = { ...server, answers: { ...server.answers, variables } };
    await expect(read(told)).rejects.toMatchObject({
      code: 'server-unsupported',
      message: expect.stringContaining(name),
    });
  },
);

test('the folders where recovery looks for tablespaces are told to whoever restores', async () => {
  const { settings } = await read(mysql('8.4.3', { variables: { innodb_directories: '/fast/tables;/slow/tables' } }));
  expect(settings['innodb_directories']).toBe('/fast/tables;/slow/tables');
});

test('a binary log that is on, and is nowhere, is not understood; one in InnoDB is left to its own refusal', async () => {
  const nowhere = { log_bin_basename: '', log_bin_index: '' };
  await expect(read(mariadb({ variables: nowhere }))).rejects.toMatchObject({ code: 'server-unsupported' });
  const inInnodb = { ...nowhere, binlog_storage_engine: 'InnoDB' };
  expect((await read(mariadb({ variables: inInnodb }))).binlogStorageEngine).toBe('innodb');
  expect((await read(mariadb({ variables: { innodb_log_archive: 'ON' } }))).redoArchived).toBe(true);
});

test('statements are timed where the performance schema of MySQL is on and may be read', async () => {
  const timed = async (server: DescribedServer) => (await read(server)).statementsTimed;
  expect(await timed(mysql('8.4.3'))).toBe(true);
  expect(await timed(mysql('8.4.3', { variables: { performance_schema: 'OFF' } }))).toBe(false);
  expect(await timed(mysql('5.7.44'))).toBe(false);
  expect(await timed(mariadb({ variables: { performance_schema: 'ON' } }))).toBe(false);
});

test.each([
  ['DETECT_ONLY', false],
  ['DETECT_AND_RECOVER', true],
  ['OFF', false],
])('innodb_doublewrite = %s', async (value, expected) => {
  expect((await read(mysql('8.4.3', { variables: { innodb_doublewrite: value } }))).doublewrite).toBe(expected);
});

test('the flushed LSN counts by the name that its flavour gives it', async () => {
  const reported = async (server: DescribedServer) => (await read(server)).flushedLsnReported;
  expect(await reported(mariadb())).toBe(true);
  expect(await reported(mysql('8.4.3'))).toBe(true);
  expect(await reported(mysql('5.7.44'))).toBe(false);
  const status = [{ Variable_name: 'Innodb_lsn_flushed', Value: '52318' }];
  expect(await reported(mysql('5.7.44', { answers: { status } }))).toBe(false);
});

test('metadata locks are listed only where neither the performance schema nor its instrument is off', async () => {
  const listed = async (server: DescribedServer) => (await read(server)).metadataLocksListed;
  expect(await listed(mysql('8.4.3'))).toBe(true);
  expect(await listed(mysql('8.4.3', { variables: { performance_schema: 'OFF' } }))).toBe(false);
  const answers = { 'metadata-lock-instrument': [{ enabled: 'NO' }] };
  expect(await listed(mysql('8.4.3', { answers }))).toBe(false);
  // Whoever may not look is told to get the privilege first.
  const grants = [{ grant: 'GRANT RELOAD, PROCESS ON *.*' }];
  expect(await listed(mysql('8.4.3', { answers: { ...answers, grants } }))).toBe(true);
  expect(await listed(mariadb())).toBe(false);
});

test('an account without PROCESS is not made to ask what would be refused', async () => {
  const asked: string[] = [];
  await read(mariadb({ answers: { grants: [{ grant: 'GRANT USAGE ON *.*' }] } }), asked);
  expect(asked).not.toContain('data-files');
});

test('an engine that is enabled counts as used, until an account that sees all tables shows that none uses it', async () => {
  const engines = [
    { Engine: 'InnoDB', Support: 'DEFAULT' },
    { Engine: 'ROCKSDB', Support: 'YES' },
    { Engine: 'SPIDER', Support: 'NO' },
  ];
  const used = [{ engine: 'InnoDB' }];
  const seesAll = [{ grant: 'GRANT ALL PRIVILEGES ON *.*' }];
  expect((await read(mariadb({ answers: { engines } }))).enginesInUse).toEqual(['INNODB', 'ROCKSDB']);
  expect((await read(mariadb({ answers: { engines } }))).enginesUnused).toEqual([]);
  const answers = { engines, grants: seesAll, 'engines-in-use': used };
  expect(await read(mariadb({ answers }))).toMatchObject({ enginesInUse: ['INNODB'], enginesUnused: ['ROCKSDB'] });
});

test('a grant loses the account and the hash of its password, whatever the server appends', () => {
  const rows = [
    {
      'Grants for a@localhost':
        "GRANT RELOAD, BINLOG MONITOR ON *.* TO `a`@`localhost` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'",
    },
    {
      'Grants for a@localhost':
        "GRANT SELECT ON `performance_schema`.* TO `a`@`localhost` IDENTIFIED VIA ed25519 USING 'x TO y'",
    },
  ];
  expect(withoutAccount(rows)).toEqual([
    { grant: 'GRANT RELOAD, BINLOG MONITOR ON *.*' },
    { grant: 'GRANT SELECT ON `performance_schema`.*' },
  ]);
});

test('a table elsewhere that is dropped between the answer and the look is none; one that stays named is missing', async () => {
  const { answers, tree } = mariadb();
  const named = [...(answers['data-files'] ?? []), { path: '/elsewhere/shop/gone.ibd' }];
  const readNaming = (times: number) => {
    let left = times;
    const ask: Parameters<typeof readServer>[0]['ask'] = async ({ name }) =>
      (name === 'data-files' && left-- > 0 ? named : answers[name]) ?? [];
    return readServer({ ask }, describedHost(tree), 'application');
  };
  expect((await readNaming(1)).files).toEqual((await readNaming(0)).files);
  await expect(readNaming(2)).rejects.toMatchObject({
    code: 'files-unresolved',
    message: expect.stringContaining('/elsewhere/shop/gone.ibd'),
  });
});
