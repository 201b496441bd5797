import { constants } from 'node:fs';
import { open, readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { HostReader } from '../ports.ts';
import { deviceNumber } from './device-number.ts';
import { processes } from './processes.ts';

/**
 * What "it does not exist" looks like: a symbolic link that leads to itself leads nowhere, and nothing has a name that
 * is too long or holds a NUL (which Node refuses by itself).
 */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'];
const DENIED = ['EACCES', 'EPERM'];
/** sysfs attributes that are there but have nothing to say (a detached loop, an array without redundancy …). */
const SILENT_IN_SYSFS = [...ABSENT, 'EINVAL', 'ENODEV', 'ENXIO', 'EIO', 'EOPNOTSUPP', 'ENODATA'];

/** The host as it is. */
export const hostReader: HostReader = {
  readText: (path) => orUndefined(readFile(path, 'utf8'), path.startsWith('/sys/') ? SILENT_IN_SYSFS : ABSENT),
  list: (path) => orUndefined(readdir(path), ABSENT),
  realPath: (path) => orUndefined(realpath(path), ABSENT),
  owner: async (path) => {
    const found = await orUndefined(stat(path), ABSENT);
    return found === undefined ? undefined : { uid: found.uid, gid: found.gid };
  },
  freeSpace: async (path) => {
    const found = await orUndefined(statfs(path), ABSENT);
    return found && { bytes: found.bavail * found.bsize, inodes: found.files === 0 ? null : found.ffree };
  },
  symlinksBelow,
  deviceNumber: async (path) => {
    const found = await orUndefined(stat(path, { bigint: true }), ABSENT);
    if (found === undefined) return undefined;
    const { major, minor } = deviceNumber(found.dev);
    return `${major}:${minor}`;
  },
  holders: (sysPath) => orUndefined(readdir(`${sysPath}/holders`), ABSENT),
  journals: async () => {
    const names = await orUndefined(readdir(JOURNALS), ABSENT);
    if (names === undefined) throw new RunError('host-unfit', `the kernel does not list its journals: no ${JOURNALS}`);
    return names;
  },
  indexedLogs,
  dmStatus,
};

const JOURNALS = '/proc/fs/jbd2';

const DM_STATUS = { deadlineMs: 5_000, outputLimit: 2 ** 24 };

/** Empty where dmsetup is not installed, fails or does not end: what rests on its answer is refused. */
async function dmStatus(): Promise<string> {
  try {
    const { status, stdout } = await processes.run(['dmsetup', 'status', '--noflush'], DM_STATUS);
    return status === 0 && stdout.length < DM_STATUS.outputLimit ? stdout : '';
  } catch {
    return '';
  }
}

async function indexedLogs(index: string): Promise<readonly string[]> {
  const folder = dirname(index);
  const stem = basename(index, '.index');
  const names = (await orUndefined(readdir(folder), ABSENT)) ?? [];
  const indexes = names.filter(
    (name) => name === basename(index) || (name.startsWith(`${stem}-`) && name.endsWith('.index')),
  );
  const texts = await Promise.all(indexes.map((name) => readIndex(join(folder, name))));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}

async function readIndex(path: string): Promise<string> {
  const unreadable = (why: string, cause?: unknown) =>
    new RunError('files-unresolved', `the index of logs ${path} cannot be read: ${why}`, { cause });
  // One that has been removed since lists nothing.
  const text = await orUndefined(readOwnFile(path), ABSENT).catch((error: unknown) => {
    throw unreadable(messageOf(error), error);
  });
  if (text?.includes('\ufffd')) throw unreadable('a name in it is not UTF-8');
  return text ?? '';
}

/** Some 200,000 names. */
const LONGEST_INDEX_BYTES = 16 * 1024 * 1024;

/**
 * The text of a file that the server's account can replace: no link is followed (it could lead to a file that only root may
 * read), no FIFO waited for, and no device read without end.
 */
async function readOwnFile(path: string): Promise<string> {
  const how = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(path, how).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' ? new Error('it is a symbolic link') : error;
  });
  const found = await file.stat();
  if (!found.isFile()) throw new Error('it is not a regular file');
  if (found.size > LONGEST_INDEX_BYTES) throw new Error(`it has ${found.size} bytes`);
  return file.readFile('utf8');
}

async function symlinksBelow(path: string, depth: number): Promise<readonly string[]> {
  if (depth < 1) return [];
  const links: string[] = [];
  // A folder that is dropped while we look is no folder of the server any more.
  for (const entry of (await orUndefined(readdir(path, { withFileTypes: true }), ABSENT)) ?? []) {
    if (entry.name.includes('\ufffd') && (entry.isSymbolicLink() || entry.isDirectory())) throw unreadableName(path);
    const below = join(path, entry.name);
    if (entry.isSymbolicLink()) links.push(below);
    else if (entry.isDirectory()) links.push(...(await symlinksBelow(below, depth - 1)));
  }
  return links.sort();
}

/** A name that is not UTF-8 arrives with U+FFFD in it, and nothing can be asked of that path any more. */
const unreadableName = (folder: string): RunError =>
  new RunError('files-unresolved', `a name in ${folder} is not UTF-8: what it leads to cannot be followed`, {
    hint: `\`find ${folder} -maxdepth 1 | grep -avx '.*'\` shows it: rename it.`,
  });

async function orUndefined<T>(promise: Promise<T>, codes: readonly string[]): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (codes.includes(code)) return undefined;
    if (DENIED.includes(code)) throw new RunError('host-unfit', (error as Error).message, { hint: 'Run as root.' });
    throw error;
  }
}
