import { describe, expect, test } from 'vitest';
import type { HostFacts, ReplicaFacts, ServerFacts, ServerVersion } from '../../../../src/agent/discovery/facts.ts';
import { preflight } from '../../../../src/agent/plan/preflight/index.ts';
import type { AgentPath, DecidedRequest } from '../../../../src/agent/plan/snapshot-plan.ts';
import { ERRORS } from '../../../../src/shared/errors.ts';
import { REQUEST } from '../../../support/snapshot-request.ts';
import { factsOf, someVolume } from './some-facts.ts';

const sound = await factsOf('loop-devices');
const mirror = await factsOf('degraded-mirror');
const mysql = await factsOf('luks');
const onRoot = await factsOf('root-file-system');

const withServer = (server: Partial<ServerFacts>, facts = sound): HostFacts => ({
  ...facts,
  server: { ...facts.server, ...server },
});
const withMemberTags = (tags: Record<string, string>): HostFacts => ({
  ...sound,
  storage: {
    ...sound.storage,
    members: sound.storage.members.map((member) => ({ ...member, volume: { ...member.volume, tags } })),
  },
});
const messages = (facts: HostFacts, request: Partial<DecidedRequest> = {}): readonly string[] =>
  preflight(facts, { ...REQUEST, ...request }).map(({ code, message }) => `${code}: ${message}`);

test('nothing speaks against a sound host', () => {
  for (const facts of [sound, mirror, mysql, onRoot]) expect(messages(facts)).toEqual([]);
});

test('every refusal has an exit status of 10 to 29, one line, and a remedy', async () => {
  const everything = await factsOf('unfit-server');
  const refusals = preflight(everything, REQUEST);
  expect(refusals).toHaveLength(6);
  for (const { code, message, hint } of refusals) {
    expect(ERRORS[code].exit).toBeGreaterThanOrEqual(10);
    expect(ERRORS[code].exit).toBeLessThan(30);
    expect(message).not.toContain('\n');
    expect(hint).not.toBe('');
  }
});

test('logs that the agent does not know are refused by name', () => {
  expect(messages(withServer({ binlogStorageEngine: 'innodb' }))).toEqual([
    expect.stringContaining('server-unsupported: binlog_storage_engine = innodb is not supported'),
  ]);
  expect(messages(withServer({ redoArchived: true }))).toEqual([
    expect.stringContaining('server-unsupported: innodb_log_archive = ON is not supported'),
  ]);
});

describe('a MySQL replica whose workers keep the order of commits', () => {
  const table = { table: '`app`.`log`', engine: 'MYISAM' };
  const replica = {
    channels: [{ name: '', autoPosition: true, applying: true }],
    ...{ parallelWorkers: 4, openTemporaryTables: 0, relayLogRecovery: true, positionsInTable: true },
  };
  const of = (lockConflictTables: ReplicaFacts['lockConflictTables'], request: Partial<DecidedRequest> = {}) =>
    messages(
      withServer({ privileges: ['ALL PRIVILEGES'], replica: { ...replica, lockConflictTables } }, mysql),
      request,
    );

  test('is refused while a table that is not transactional can be applied: the lock could stop it', () => {
    expect(of([table, table])).toEqual([
      'server-unsupported: `app`.`log` (MYISAM) and 1 more is not transactional, and parallel workers keep the order of commits: the read lock can stop this replica (error 3030)',
    ]);
  });

  test('is not where its SQL thread is stopped, nothing is locked, there is no such table, or nobody can see one', () => {
    expect(of([table], { stopReplicaSql: true })).toEqual([]);
    expect(of([table], { level: 'crash' })).toEqual([]);
    expect(of([])).toEqual([]);
    expect(of('unseen')).toEqual([]);
  });
});

describe('privileges', () => {
  const lacks = (facts: HostFacts, privileges: string[]) => messages(withServer({ privileges }, facts));

  test('all of them are as good as the least', () => {
    expect(lacks(sound, ['ALL PRIVILEGES'])).toEqual([]);
    expect(lacks(mysql, ['ALL PRIVILEGES'])).toEqual([]);
  });

  test('what is missing is named, and the statement that mends it', () => {
    const [refusal] = preflight(withServer({ privileges: ['RELOAD', 'PROCESS'] }, mysql), REQUEST);
    expect(refusal).toMatchObject({
      code: 'server-denied',
      message: expect.stringMatching(/lacks BACKUP_ADMIN, REPLICATION CLIENT, SELECT on performance_schema\.\*$/),
      hint: expect.stringContaining('GRANT BACKUP_ADMIN, REPLICATION CLIENT ON *.* TO'),
    });
  });

  test('the performance schema is asked for the redo log, the lock and the keyring, from 8.0 on', () => {
    const privileges = ['RELOAD', 'PROCESS', 'BACKUP_ADMIN', 'REPLICATION CLIENT'];
    const of = (patch: number, metadataLocksListed: boolean) =>
      messages(
        withServer(
          { privileges, metadataLocksListed, version: { flavour: 'mysql', major: 8, minor: 0, patch } },
          mysql,
        ),
      );
    for (const lacking of [of(11, false), of(23, true), of(24, true), of(24, false)]) {
      expect(lacking).toEqual([expect.stringMatching(/lacks SELECT on performance_schema\.\*$/)]);
    }
  });

  test('without a binary log nobody asks for its coordinates', () => {
    const privileges = ['RELOAD', 'PROCESS', 'SLAVE MONITOR'];
    expect(messages(withServer({ privileges, binlogEnabled: false }))).toEqual([]);
    expect(messages(withServer({ privileges }))).toEqual([expect.stringContaining('lacks BINLOG MONITOR')]);
  });

  test('MariaDB before 10.5 calls it REPLICATION CLIENT', () => {
    const version = { flavour: 'mariadb', major: 10, minor: 4, patch: 34 } as const;
    expect(messages(withServer({ version, privileges: ['RELOAD', 'PROCESS', 'REPLICATION CLIENT'] }))).toEqual([]);
    expect(messages(withServer({ version, privileges: ['RELOAD', 'PROCESS', 'BINLOG MONITOR'] }))).toHaveLength(1);
  });

  test.each([
    ['mariadb', 10, 4, 'SUPER'],
    ['mariadb', 10, 5, 'CONNECTION ADMIN'],
    ['mysql', 5, 7, 'SUPER'],
    ['mysql', 8, 0, 'CONNECTION_ADMIN'],
  ] as const)('%s %i.%i: to kill takes %s, and only who asks for it needs it', (flavour, major, minor, privilege) => {
    const replication = ['REPLICATION CLIENT', 'BINLOG MONITOR', 'REPLICATION SLAVE ADMIN'];
    const least = ['RELOAD', 'PROCESS', 'BACKUP_ADMIN', 'SELECT ON PERFORMANCE_SCHEMA.*', ...replication];
    const killLongQueriesAfterSeconds = 60;
    const version = { flavour, major, minor, patch: 0 };
    const asked = (privileges: string[], request: Partial<DecidedRequest>) =>
      messages(withServer({ version, privileges, metadataLocksListed: false }), request);
    expect(asked(least, {})).toEqual([]);
    expect(asked(least, { killLongQueriesAfterSeconds })).toEqual([expect.stringMatching(`lacks ${privilege}$`)]);
    for (const enough of [privilege, 'SUPER'])
      expect(asked([...least, enough], { killLongQueriesAfterSeconds })).toEqual([]);
  });

  test.each([
    [10, 11, []],
    [11, 4, [expect.stringMatching(/lacks SLAVE MONITOR, CONNECTION ADMIN$/)]],
  ])('MariaDB %i.%i: SUPER is what it was until 11.0.1', (major, minor, expected) => {
    const version = { flavour: 'mariadb', major, minor, patch: 1 } as const;
    const facts = withServer({ version, privileges: ['RELOAD', 'PROCESS', 'BINLOG MONITOR', 'SUPER'] });
    expect(messages(facts, { killLongQueriesAfterSeconds: 60 })).toEqual(expected);
  });

  test('a privilege on one schema is none on all', () => {
    expect(lacks(sound, ['RELOAD ON SHOP.*', 'PROCESS', 'BINLOG MONITOR', 'SLAVE MONITOR'])).toEqual([
      expect.stringContaining('lacks RELOAD'),
    ]);
  });
});

test('a degraded stripe or parity array is refused where a degraded mirror is not', () => {
  const array = (level: string, state: 'degraded' | 'incomplete' | 'resyncing'): HostFacts => ({
    ...sound,
    storage: { ...sound.storage, arrays: [{ name: 'md0', level, state, detail: '…' }] },
  });
  expect(messages(array('raid1', 'degraded'))).toEqual([]);
  expect(messages(array('raid10', 'degraded'))).toEqual([]);
  expect(messages(array('raid5', 'degraded'))).toEqual([expect.stringContaining('storage-unfit: the array md0')]);
  expect(messages(array('raid1', 'incomplete'))).toHaveLength(1);
  expect(messages(array('raid1', 'resyncing'))).toHaveLength(1);
});

test('file systems that a freeze was not seen to hold are refused', () => {
  const on = (fsType: string): HostFacts => ({
    ...sound,
    storage: { ...sound.storage, mounts: sound.storage.mounts.map((mount) => ({ ...mount, fsType })) },
  });
  for (const fsType of ['xfs', 'ext4', 'ext3']) expect(messages(on(fsType))).toEqual([]);
  for (const fsType of ['ext2', 'btrfs', 'zfs', 'overlay', 'nfs4', 'tmpfs'])
    expect(messages(on(fsType))).toHaveLength(2);
});

test('forty volumes can be left out, one more cannot', () => {
  const strangers = (count: number): HostFacts => ({
    ...sound,
    instance: {
      ...sound.instance,
      volumes: [...sound.instance.volumes, ...Array.from({ length: count }, (_, n) => someVolume(n))],
    },
  });
  expect(messages(strangers(40))).toEqual([]);
  expect(messages(strangers(41))).toEqual([expect.stringMatching(/^set-too-large: 41 attached volumes/)]);
});

describe('snapshots that are pending', () => {
  const pending = (pendingSnapshots: number, type?: string): HostFacts => ({
    ...sound,
    storage: {
      ...sound.storage,
      members: sound.storage.members.map((member) => ({
        ...member,
        volume: { ...member.volume, pendingSnapshots, ...(type !== undefined && { type }) },
      })),
    },
  });

  test.each(['gp2', 'gp3', 'io1', 'io2', 'standard', undefined])('%s: five at most', (type) => {
    expect(messages(pending(4, type))).toEqual([]);
    expect(messages(pending(5, type))).toEqual(
      Array(2).fill(expect.stringMatching(/^snapshots-pending: vol-.* of at most 5$/)),
    );
  });

  test.each(['st1', 'sc1'])('%s: one', (type) => {
    expect(messages(pending(0, type))).toEqual([]);
    expect(messages(pending(1, type))).toHaveLength(2);
  });

  test('those of a volume that is left out do not matter', () => {
    const other = { ...someVolume(7), pendingSnapshots: 5 };
    const instance = { ...sound.instance, volumes: [...sound.instance.volumes, other] };
    expect(messages({ ...sound, instance })).toEqual([]);
  });
});

describe('room for the manifest', () => {
  const left = (bytes: number, inodes: number | null) => messages(withServer({ datadirSpace: { bytes, inodes } }));

  test('a MiB and two inodes', () => {
    expect(left(2 ** 20, 2)).toEqual([]);
    expect(left(2 ** 20 - 1, 2)).toEqual([expect.stringMatching(/^datadir-unfit: .* has 1023 KiB left/)]);
    expect(left(2 ** 20, 1)).toEqual([expect.stringMatching(/^datadir-unfit: .* has 1 inodes left/)]);
    expect(left(0, 0)).toEqual([expect.stringContaining('has 0 KiB and 0 inodes left')]);
  });

  test('a file system that counts no inodes has enough; what an old capture does not tell is not refused', () => {
    expect(left(2 ** 20, null)).toEqual([]);
    expect(messages(withServer({ datadirSpace: undefined }))).toEqual([]);
  });
});

test('the tags of a volume and ours together are at most fifty, that of a restore drill to come included', () => {
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`tag${n}`, 'x']));
  expect(messages(withMemberTags(tags(35)))).toEqual([]);
  expect(messages(withMemberTags(tags(36)))).toHaveLength(2);
  expect(messages(withMemberTags(tags(35)), { tags: { Team: 'db' } })).toHaveLength(2);
  expect(messages(withMemberTags({ ...tags(34), Team: 'web' }), { tags: { Team: 'db' } })).toEqual([]);
  expect(messages(withMemberTags({ ...tags(35), 'aws:cloudformation:stack-name': 'x' }))).toEqual([]);
});

test('a volume that carries our tags would forge them', () => {
  expect(messages(withMemberTags({ 'mysql-ebs-snapshot:grade': 'application' }))).toEqual(
    Array(2).fill(expect.stringContaining('carries tags of a set (mysql-ebs-snapshot:grade)')),
  );
});

test('commits that are acknowledged before they are written are no reason: the redo log is proven under the lock', () => {
  for (const facts of [mysql, sound])
    for (const flushLogAtTrxCommit of [0, 2] as const)
      expect(messages(withServer({ flushLogAtTrxCommit, flushedLsnReported: false }, facts))).toEqual([]);
});

test.each<[string, Partial<ServerFacts>, string]>([
  ['root as owner', { datadirOwner: { uid: 0, gid: 0 } }, 'datadir-unfit: the data directory /data/mysql is owned'],
  ['no redo log', { redoLogEnabled: false }, 'server-unsupported: the InnoDB redo log is disabled'],
  ['forced recovery', { forceRecovery: 3 }, 'server-unsupported: the server runs with innodb_force_recovery = 3'],
  [
    'an unknown engine',
    { enginesInUse: ['INNODB', 'SPIDER'] },
    'server-unsupported: the server uses the engine SPIDER',
  ],
  ['Galera', { clustered: 'galera' }, 'server-unsupported: the server is a member of a Galera cluster: a read lock'],
  [
    'Group Replication',
    { clustered: 'group-replication' },
    'server-unsupported: the server is a member of a replication group: under a read lock',
  ],
])('refused: %s', (_, server, message) => {
  expect(messages(withServer(server))).toEqual([expect.stringContaining(message)]);
});

test('an engine that keeps no file here is no reason to refuse', () => {
  for (const engine of ['BLACKHOLE', 'SEQUENCE', 'FEDERATED'])
    expect(preflight(withServer({ enginesInUse: ['INNODB', engine] }), REQUEST)).toEqual([]);
});

test('an unknown engine: the least privilege that shows every table is asked for, where the account lacks it', () => {
  const hint = (...more: readonly string[]) => {
    const privileges = [...sound.server.privileges, ...more];
    return preflight(withServer({ enginesInUse: ['INNODB', 'SPIDER'], privileges }), REQUEST)[0]?.hint;
  };
  expect(sound.server.privileges).not.toContain('SHOW VIEW');
  expect(hint()).toMatch(
    /GRANT SHOW VIEW ON \*\.\* TO <the account>; \(SELECT CURRENT_USER\(\) names the account\.\)$/,
  );
  for (const seesAll of ['SHOW VIEW', 'SELECT']) expect(hint(seesAll)).toBe('Convert its tables or remove the engine.');
});

test('doublewrite is needed where nothing is frozen', () => {
  expect(messages(withServer({ doublewrite: false }))).toEqual([]);
  expect(messages(withServer({ doublewrite: false }), { freeze: 'never' })).toHaveLength(2);
  expect(messages(withServer({ doublewrite: false }, onRoot))).toEqual([
    expect.stringContaining('/ would not be frozen'),
  ]);
});

test('where nothing is frozen, doublewrite that was set on MariaDB is refused: a further change would leave no trace', () => {
  const version = { flavour: 'mariadb', major: 11, minor: 8, patch: 9 } as const;
  const of = (flavour: ServerVersion['flavour'], trace: string, request?: Partial<DecidedRequest>) =>
    messages(
      withServer({ version: { ...version, flavour }, watched: [{ name: 'innodb_doublewrite', value: 'ON', trace }] }),
      request,
    );
  expect(of('mariadb', 'SQL')).toEqual([]);
  expect(of('mariadb', 'CONFIG', { freeze: 'never' })).toEqual([]);
  expect(of('mariadb', 'SQL', { freeze: 'never' })[0]).toContain('innodb_doublewrite was set by SET GLOBAL');
  // There the trace is the time of the last change.
  expect(of('mysql', '2026-11-28 12:00:00', { freeze: 'never' }).join()).not.toContain('innodb_doublewrite');
});

describe('what is only synced', () => {
  const bare: HostFacts = {
    ...sound,
    storage: {
      ...sound.storage,
      mounts: sound.storage.mounts.map((mount) => ({ ...mount, journal: 'none' as const })),
    },
  };
  const version = { flavour: 'mariadb', major: 10, minor: 11, patch: 19 } as const;

  test('has to have a journal', () => {
    expect(messages(bare)).toEqual([]);
    expect(messages(bare, { freeze: 'never' })).toEqual([
      'storage-unfit: /data would not be frozen, and its xfs has no journal: it could be damaged in the set',
      'storage-unfit: /binlog would not be frozen, and its xfs has no journal: it could be damaged in the set',
    ]);
  });

  test.each(['nosync', 'littlesync', 'O_DIRECT_NO_FSYNC'])('has to be synced by the server: not %s', (flushMethod) => {
    const facts = (over: HostFacts) => withServer({ flushMethod, version }, over);
    expect(messages(facts(sound))).toEqual([]);
    expect(messages(facts(sound), { freeze: 'never' })).toEqual([
      expect.stringContaining(`/data would not be frozen and innodb_flush_method is ${flushMethod}`),
      expect.stringContaining('/binlog would not be frozen'),
    ]);
    expect(messages(facts(onRoot))).toEqual([expect.stringContaining('server-unsupported: / would not be frozen')]);
    const newer = withServer({ flushMethod, version: { ...version, major: 11, minor: 8 } }, sound);
    expect(messages(newer, { freeze: 'never' })).toEqual([]);
  });
});

describe('what the agent needs itself', () => {
  const agentPaths = [{ what: 'log file', path: '/data/log/agent.log' }];

  test('may not lie on what is frozen', () => {
    expect(messages(sound, { agentPaths })).toEqual([
      'agent-on-frozen-mount: the log file /data/log/agent.log lies on /data, which would be frozen',
    ]);
  });

  test('may lie on the same volume where nothing is frozen, or beside the mount', () => {
    expect(messages(sound, { agentPaths, freeze: 'never' })).toEqual([]);
    expect(messages(sound, { agentPaths: [{ what: 'log file', path: '/database.log' }] })).toEqual([]);
  });

  test('may not end there by way of an overlay or a loop device, nor where that is not known', () => {
    const by = (below: AgentPath['below']) =>
      messages(sound, { agentPaths: [{ what: 'TMPDIR', path: '/tmp', ...(below && { below }) }] });
    expect(by([{ path: '/data/upper', via: 'the upperdir of the overlay at /' }])).toEqual([
      'agent-on-frozen-mount: the TMPDIR /tmp ends in /data/upper (the upperdir of the overlay at /), which lies on /data and would be frozen',
    ]);
    expect(by([{ path: '/srv/upper', via: 'the upperdir of the overlay at /' }])).toEqual([]);
    expect(by([{ unknown: 'the upperdir is elsewhere' }])).toEqual([
      'agent-on-frozen-mount: the TMPDIR /tmp may lie on what would be frozen: the upperdir is elsewhere',
    ]);
    const agentPaths = [{ what: 'TMPDIR', path: '/tmp', below: [{ unknown: 'x' }] }];
    expect(messages(sound, { agentPaths, freeze: 'never' })).toEqual([]);
  });

  test('has a way out that the hint names', () => {
    expect(preflight(sound, { ...REQUEST, agentPaths })[0]?.hint).toContain('--freeze never');
  });

  test('is found under a bind mount too', async () => {
    const facts = await factsOf('bind-mount');
    const path = '/srv/binlog/agent.log';
    expect(messages(facts, { agentPaths: [{ what: 'log file', path }] })).toEqual([
      expect.stringContaining('lies on /data, which would be frozen'),
    ]);
  });
});

test('facts without any volume are not a set of none', () => {
  const nothing = { ...sound, storage: { ...sound.storage, members: [], mounts: [] } };
  expect(messages(nothing)).toEqual([expect.stringContaining('volume-unresolved')]);
});

describe('at level crash, where nothing is locked and nothing frozen', () => {
  const atCrash = { level: 'crash' } as const;

  test('what the lock alone needs is not asked for', () => {
    const privileges = ['PROCESS', 'REPLICATION CLIENT', 'BACKUP_ADMIN', 'SELECT ON PERFORMANCE_SCHEMA.*'];
    const least = withServer({ privileges }, mysql);
    expect(messages(least, atCrash)).toEqual([]);
    expect(messages(least)).toEqual([expect.stringMatching(/lacks RELOAD$/)]);
    expect(messages(least, { ...atCrash, killLongQueriesAfterSeconds: 60 })).toEqual([]);
    expect(messages(withServer({ flushLogAtTrxCommit: 0, flushedLsnReported: false }), atCrash)).toEqual([]);
  });

  test('MariaDB holds back DDL all the same, which takes RELOAD', () => {
    const privileges = ['PROCESS', 'BINLOG MONITOR', 'SLAVE MONITOR'];
    expect(messages(withServer({ privileges }), atCrash)).toEqual([expect.stringMatching(/lacks RELOAD$/)]);
    expect(messages(withServer({ privileges: [...privileges, 'RELOAD'] }), atCrash)).toEqual([]);
  });

  test('the agent may lie on what would have been frozen', () => {
    expect(messages(sound, { ...atCrash, agentPaths: [{ what: 'log file', path: '/data/log/agent.log' }] })).toEqual(
      [],
    );
  });

  test('a redo log that is off, or a forced recovery, is refused at either level', () => {
    expect(messages(withServer({ redoLogEnabled: false, forceRecovery: 1 }), atCrash)).toHaveLength(2);
  });
});
