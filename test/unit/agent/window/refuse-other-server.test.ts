import { describe, expect, it } from 'vitest';
import type { Planned } from '../../../../src/agent/plan/plan-snapshot.ts';
import type { HostReader, Row } from '../../../../src/agent/ports.ts';
import { refuseOtherServer, type WitnessPorts } from '../../../../src/agent/window/refuse-other-server.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const UUID = '8a94f357-aab4-11df-86ab-c80aa9429562';
const TID = 'SELECT TID AS thread FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()';
const OS_ID = 'SELECT THREAD_OS_ID AS thread FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()';
const PID_FILE = "SHOW GLOBAL VARIABLES WHERE Variable_name = 'pid_file'";

interface Seen {
  readonly flavour?: 'mariadb' | 'mysql';
  /** What the server says of the thread of our connection; nothing where performance_schema is off. */
  readonly thread?: readonly Row[] | number;
  /** Files of /proc and of the data directory, and folders with their names. */
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  /** A data file outside the data directory. */
  readonly tablespace?: string;
  /** Device and inode by path; what is not here is not there. */
  readonly identities?: Readonly<Record<string, string>>;
  readonly links?: readonly string[];
  /** What a descriptor's link says, and its flags in octal; without links it is read and written as /elsewhere/open. */
  readonly opened?: { readonly name: string; readonly flags?: string };
  /** Mount tables, ours and the server's. */
  readonly mounts?: readonly [string, string];
  /** mnt namespace and root, ours and the server's. */
  readonly views?: readonly [string, string, string, string];
}

const SAME_VIEW = ['mnt:[1]', '/', 'mnt:[1]', '/'] as const;

/** A line of mountinfo. */
const mount = (id: number, parent: number, point: string, root = '/') =>
  `${id} ${parent} 8:1 ${root} ${point} rw - xfs /dev/sdb rw\n`;
const OWN = mount(10, 1, '/data');

const identityLine = (path: string, identity: string | undefined) => identity && `${path} ${identity}\0`;

/** The refusals on a host where thread 5001 belongs to process 5000, which has /data/ibdata1 (7:1) open unless told otherwise. */
async function refusals({ flavour = 'mariadb', ...seen }: Seen = {}): Promise<readonly string[]> {
  const common: Record<string, string> = { '/data': '7:10', '/data/ibdata1': '7:1', '/proc/5000/fd/3': '7:1' };
  const identityOf = (path: string) => {
    const own = seen.identities ?? {};
    return path in own ? own[path] : common[path];
  };
  const files: Record<string, string> = {
    '/proc/5001/status': 'Name:\tx\nTgid:\t5000\n',
    '/proc/self/mountinfo': seen.mounts?.[0] ?? OWN,
    '/proc/5000/mountinfo': seen.mounts?.[1] ?? OWN,
    '/proc/5000/fdinfo/9': `pos:\t0\nflags:\t${seen.opened?.flags ?? '02140002'}\n`,
    ...seen.files,
  };
  const folders: Record<string, readonly string[]> = {
    '/proc/5000/fd': ['0', '3', ...(seen.opened ? ['9'] : [])],
    '/proc': ['5000'],
    ...seen.folders,
  };
  const host = {
    readText: async (path: string) => files[path],
    list: async (path: string) => folders[path],
  } as unknown as HostReader;
  const processes: WitnessPorts['processes'] = {
    run: async ([program, ...words]) => {
      const paths = words.slice(words.indexOf('--') + 1);
      const answer = (path: string) => {
        const identity = identityOf(path);
        if (words[1]?.includes('%h')) return identityLine(path, identity && `${identity} 1 81a4`);
        if (words[0] === '-L') return identityLine(path, identity);
        if (words[0]?.includes('%N')) return `${path} '${path}' -> '${seen.opened?.name}'\0`;
        return `${path} ${seen.links?.includes(path) ? 'symbolic link' : 'directory'}\0`;
      };
      const stdout =
        program === 'readlink'
          ? (seen.views ?? SAME_VIEW).join('\n')
          : paths.map((path) => answer(path) ?? '').join('');
      return { status: 0, stdout, stderr: '' };
    },
  };
  const thread = seen.thread ?? [{ thread: '5001' }];
  const session = scriptedSession({
    [TID]: thread,
    [OS_ID]: thread,
    [PID_FILE]: [{ Variable_name: 'pid_file', Value: '/run/mysqld.pid' }],
  });
  const server = {
    version: { flavour, major: 10, minor: 11, patch: 0 },
    uuid: flavour === 'mysql' ? UUID : undefined,
    datadir: '/data',
    temporaryFolders: ['/tmp'],
    files: [
      { role: 'data', path: '/data' },
      { role: 'system-tablespace', path: '/data/ibdata1' },
      ...(seen.tablespace ? [{ role: 'tablespace', path: seen.tablespace }] : []),
    ],
  };
  const planned = {
    plan: { facts: { server: { ...server, binlogEnabled: false }, storage: { mounts: [{ mountPoint: '/data' }] } } },
    refusals: [],
  } as unknown as Planned;
  const found = await refuseOtherServer(planned, session, { host, processes });
  for (const { code } of found.refusals) expect(code).toBe('files-unresolved');
  return found.refusals.map(({ message }) => message);
}

describe('the server we talk to is the one whose files we see', () => {
  it('where the process of our connection has them open', async () => {
    expect(await refusals()).toEqual([]);
  });

  it.each([
    ['off', []],
    ['not ours to read', 1142],
  ])('where performance_schema is %s and the pid file names the process', async (_what, thread) => {
    const files = { '/run/mysqld.pid': '5000\n', '/data/auto.cnf': `[auto]\nserver-uuid=${UUID}\n` };
    expect(await refusals({ flavour: 'mysql', thread, files })).toEqual([]);
  });

  it('in a container whose files are the same, whatever its numbers', async () => {
    const files = {
      '/proc/42/status': 'Tgid:\t42\n',
      '/proc/5000/status': 'Tgid:\t5000\nNSpid:\t5000\t1\n',
      '/proc/5000/task/5017/status': 'Tgid:\t5000\nNSpid:\t5017\t42\n',
    };
    const folders = { '/proc/5000/task': ['5000', '5017'], '/proc/42/fd': ['0'] };
    const identities = { '/proc/5000/root/data': '7:10', '/proc/5000/root/data/ibdata1': '7:1' };
    const views = ['mnt:[1]', '/', 'mnt:[2]', '/'] as const;
    expect(await refusals({ thread: [{ thread: '42' }], files, folders, identities, views })).toEqual([]);
  });
});

/** In another mount namespace, with a table outside the data directory that is read so often before it is dropped. */
const droppedAfter = (looks: number, folders: Readonly<Record<string, string>>): Seen => {
  let left = looks;
  const present = () => (left-- > 0 ? '7:20' : '');
  const identities = { '/proc/5000/root/data': '7:10', '/proc/5000/root/data/ibdata1': '7:1', ...folders };
  for (const path of ['/more/t.ibd', '/proc/5000/root/more/t.ibd']) {
    Object.defineProperty(identities, path, { enumerable: true, get: present });
  }
  return { views: ['mnt:[1]', '/', 'mnt:[2]', '/'], tablespace: '/more/t.ibd', identities };
};

describe('a table that is dropped between the question and the look', () => {
  it.each([0, 1])('is left out where its folder is the same, after %d looks', async (looks) => {
    expect(await refusals(droppedAfter(looks, { '/more': '8:1', '/proc/5000/root/more': '8:1' }))).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['another', { '/more': '8:1', '/proc/5000/root/more': '9:1' }],
    ['not here', { '/proc/5000/root/more': '9:1' }],
  ])('shows nothing where its folder is %s', async (_what, folders) => {
    expect(await refusals(droppedAfter(0, folders))).toEqual([
      expect.stringMatching(/^\/more on this host is not what the server has there/),
    ]);
  });

  it('shows nothing where nothing at all can be looked at', async () => {
    expect(await refusals(droppedAfter(0, {}))).toEqual([expect.stringMatching(/^\/ on this host is not/)]);
  });
});

const OTHER_VIEW = ['mnt:[1]', '/', 'mnt:[2]', '/'] as const;
const SAME_FILES = { '/proc/5000/root/data': '7:10', '/proc/5000/root/data/ibdata1': '7:1' };

describe('in a mount namespace of its own', () => {
  const bound = mount(11, 10, '/data/shop', '/mysql/shop');
  it.each([
    [OWN, OWN + bound],
    [OWN + bound, OWN],
  ])('a folder that is a mount in one view alone is compared (%#)', async (...mounts) => {
    const seen = { views: OTHER_VIEW, mounts };
    const folder = (theirs: string) => ({ ...SAME_FILES, '/data/shop': '7:30', '/proc/5000/root/data/shop': theirs });
    expect(await refusals({ ...seen, identities: folder('7:30') })).toEqual([]);
    expect(await refusals({ ...seen, identities: folder('9:2') })).toEqual([
      expect.stringMatching(/^\/data\/shop on this host is not what the server has there/),
    ]);
  });

  it('what is mounted elsewhere, as systemd and containers do, is of no matter', async () => {
    const mounts = [OWN, OWN + mount(11, 1, '/tmp') + mount(12, 1, '/usr') + mount(13, 1, '/data2')] as const;
    expect(await refusals({ views: OTHER_VIEW, mounts, identities: SAME_FILES })).toEqual([]);
  });
});

describe('what the server has open on another file system', () => {
  const elsewhere = (name: string, flags?: string): Seen => ({
    identities: { '/proc/5000/fd/9': '9:4' },
    opened: { name, ...(flags && { flags }) },
  });
  it.each<[string, string, string?]>([
    ['a table of a mount that is hidden or gone', '/t.ibd'],
    ['the log of DDL', '/var/lib/ddl_recovery.log', '02100002'],
    ['a relay log', '/gone/relay.000001', '02102002'],
    ['a table that is only read', '/gone/a.ARZ', '02100000'],
  ])('is refused: %s', async (_what, name, flags) => {
    expect(await refusals(elsewhere(name, flags))).toEqual([
      `the server has ${name} open, on a file system that holds none of the planned files`,
    ]);
  });

  it.each<[string, string, string?]>([
    ['a log', '/var/log/mysql/slow.log', '02102001'],
    ['a library', '/usr/lib/mysql/plugin/auth_ed25519.so', '02100000'],
    ['a temporary table', '/tmp/#sql-temptable-1.MAI'],
    ['a file of the kernel', '/sys/fs/cgroup/memory.pressure'],
  ])('is none of its data: %s', async (_what, name, flags) => {
    expect(await refusals(elsewhere(name, flags))).toEqual([]);
  });
});

describe('refused is a server', () => {
  it.each<[string, Seen, RegExp]>([
    [
      'that has other files open',
      { identities: { '/proc/5000/fd/3': '7:2' } },
      /no process .* has \/data\/ibdata1 open/,
    ],
    ['whose thread is on another host', { thread: [{ thread: '77' }] }, /no process/],
    ['that does not say which thread is ours', { thread: [{ thread: null }] }, /no process/],
    ['whose file is not here', { identities: { '/data/ibdata1': '' } }, /\/data\/ibdata1 is not on this host/],
    [
      'that has another folder at the same path in its own view',
      {
        views: ['mnt:[1]', '/', 'mnt:[2]', '/'],
        identities: { '/proc/5000/root/data': '9:10', '/proc/5000/root/data/ibdata1': '7:1' },
      },
      /^\/data on this host is not what the server has there/,
    ],
    [
      'that comes to a path by a link in its own view',
      { views: ['mnt:[1]', '/', 'mnt:[1]', '/srv/jail'], links: ['/proc/5000/root/data'] },
      /^\/data is a symbolic link/,
    ],
    [
      'that says another UUID than its data directory',
      { flavour: 'mysql', files: { '/data/auto.cnf': '[auto]\nserver-uuid=00000000-0000-0000-0000-000000000000\n' } },
      /^auto.cnf in \/data has the UUID 0{8}-.*, the server says 8a94/,
    ],
    ['whose data directory has no UUID', { flavour: 'mysql' }, /has the UUID \(none\)/],
  ])('%s', async (_what, seen, message) => {
    expect(await refusals(seen)).toEqual([expect.stringMatching(message)]);
  });
});
