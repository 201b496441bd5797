import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseMountinfo } from './kernel-mounts.ts';

/**
 * Names what keeps a mounted file system busy, on one line: programs that have files of it open, loop devices that are
 * attached to files on it, and the other mount namespaces that have it or these devices mounted. A loop device keeps its
 * file open until the last namespace has unmounted it.
 */
export function holdersOfMount(mountPoint: string): string {
  const own = parseMountinfo(textOf('/proc/self/mountinfo')).findLast((mount) => mount.mountPoint === mountPoint);
  const loops = loopDevices().filter(({ file }) => isBelow(mountPoint, file));
  return listed([
    ...openFiles(mountPoint),
    ...loops.map(({ path, file }) => `${path} is attached to ${file}`),
    ...[own?.source ?? '', ...loops.map(({ path }) => path)].flatMap(foreignMounts),
  ]);
}

/** Names what keeps a block device busy, on one line: the other mount namespaces that have it mounted. */
export const holdersOfDevice = (path: string): string => listed(foreignMounts(path));

const listed = (holders: readonly string[]): string => holders.join('; ') || 'no process that can be seen';

function loopDevices(): readonly { readonly path: string; readonly file: string }[] {
  return entries('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .map((name) => ({ path: `/dev/${name}`, file: textOf(`/sys/block/${name}/loop/backing_file`).trim() }));
}

const isBelow = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Of each process that has one: the first of its files below a folder, as the kernel names it. */
function openFiles(folder: string): readonly string[] {
  return pids().flatMap((pid) => {
    const inFolder = (name: string) => entries(`/proc/${pid}/${name}`).map((entry) => `${name}/${entry}`);
    const file = ['cwd', 'root', 'exe', ...inFolder('fd'), ...inFolder('map_files')]
      .map((link) => linkOf(`/proc/${pid}/${link}`))
      .find((path) => isBelow(folder, path));
    return file === undefined ? [] : [`${processName(pid)} has ${file} open`];
  });
}

/** The other mount namespaces that have a device mounted, each with one of its processes. */
function foreignMounts(device: string): readonly string[] {
  // Other file systems, like the root file system, are mounted in every namespace and keep no device busy.
  if (!device.startsWith('/dev/loop')) return [];
  const seen = new Set([linkOf('/proc/self/ns/mnt')]);
  return pids().flatMap((pid) => {
    const namespace = linkOf(`/proc/${pid}/ns/mnt`);
    if (namespace === '' || seen.has(namespace)) return [];
    const mounts = parseMountinfo(textOf(`/proc/${pid}/mountinfo`));
    if (mounts.length > 0) seen.add(namespace);
    const mount = mounts.find(({ source }) => source === device);
    return mount ? [`${processName(pid)} in namespace ${namespace} has ${device} mounted on ${mount.mountPoint}`] : [];
  });
}

const processName = (pid: string): string => `pid ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`;

const pids = (): readonly string[] => entries('/proc').filter((name) => /^\d+$/.test(name));

// The files of a process disappear when it ends.
const entries = (folder: string): readonly string[] => orElse<readonly string[]>([], () => readdirSync(folder));
const textOf = (file: string): string => orElse('', () => readFileSync(file, 'utf8'));
const linkOf = (path: string): string => orElse('', () => readlinkSync(path));

function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
