import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { RunError } from '../../shared/errors.ts';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;
const SEARCHABLE_BY_OTHERS = 0o011;
const STICKY = 0o1000;
/** As the kernel [doc: path_resolution(7)]. */
const MOST_LINKS = 40;
/** The account of both flavours' packages. */
const SERVER_ACCOUNT = 'mysql';
const HINT =
  'Let the server make its socket in a folder that only root and the server may write, and name that socket.';

/** The socket that a path led to, or `undefined` where there is none. */
export type SocketIdentity = string | undefined;

interface Walk {
  /** Those who may have made what has been passed. */
  readonly trusted: Set<number>;
  /** A folder above keeps all but root and its owner out. */
  isPrivate: boolean;
}

/**
 * Checks that only root or the account of a server can have made a socket: while the server is down, any account may
 * make one in a world-writable folder, and ask whoever connects for the password. Throws RunError `server-untrusted`.
 */
export function identifySocket(socket: string): SocketIdentity {
  const walk: Walk = { trusted: new Set([0, ...serverAccounts()]), isPrivate: false };
  const names = resolve(socket).split('/').filter(Boolean);
  let folder = '/';
  let found: Stats | undefined;
  for (let links = 0; names.length > 0; ) {
    const name = names.shift() ?? '';
    if (name === '.' || name === '..') {
      if (name === '..') folder = dirname(folder);
      continue;
    }
    const path = join(folder, name);
    found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    checkEntry({ socket, folder, path, entry: found }, walk);
    if (found.isSymbolicLink()) {
      if (++links > MOST_LINKS) throw untrusted(socket, 'too many symbolic links');
      const target = readlinkSync(path);
      if (isAbsolute(target)) folder = '/';
      names.unshift(...target.split('/').filter(Boolean));
    } else folder = path;
  }
  return found && `${found.dev}:${found.ino} of ${found.uid}`;
}

/** Who may have put `entry` there: all who may write the folder, less those whom its sticky bit stops. */
function checkEntry(
  { socket, folder, path, entry }: { socket: string; folder: string; path: string; entry: Stats },
  walk: Walk,
): void {
  const { mode, gid, uid } = lstatSync(folder);
  // Whoever owns a folder may write it. Below a folder that others cannot search it does not matter.
  if ((mode & SEARCHABLE_BY_OTHERS) === 0) walk.isPrivate = true;
  const isOpen = (mode & WRITABLE_BY_ALL) !== 0 || ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0);
  if (walk.isPrivate || !isOpen) {
    walk.trusted.add(uid).add(entry.uid);
    return;
  }
  if ((mode & STICKY) === 0 && !isGroupOfServer(mode, gid)) {
    throw untrusted(socket, `others than root and the server may write ${folder}`);
  }
  if (!walk.trusted.has(entry.uid)) {
    throw untrusted(
      socket,
      `uid ${entry.uid} made ${path}, in a folder that others than root and the server may write`,
    );
  }
}

const isGroupOfServer = (mode: number, gid: number): boolean =>
  (mode & WRITABLE_BY_ALL) === 0 &&
  accounts().some((account) => account.name === SERVER_ACCOUNT && account.gid === gid);

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const serverAccounts = (): readonly number[] =>
  accounts().flatMap(({ name, uid }) => (name === SERVER_ACCOUNT ? [uid] : []));

function accounts(): readonly Account[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.map((line) => {
    const [name = '', , uid, gid] = line.split(':');
    return { name, uid: Number(uid), gid: Number(gid) };
  });
}

const untrusted = (socket: string, why: string): RunError =>
  new RunError('server-untrusted', `socket ${socket}: ${why}`, { hint: HINT });
