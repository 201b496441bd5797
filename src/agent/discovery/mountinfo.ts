import { RunError } from '../../shared/errors.ts';

export const MOUNTINFO = '/proc/self/mountinfo';

/** One line of /proc/self/mountinfo (proc(5)), unescaped. */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the superblock. */
  readonly majorMinor: string;
  /** The folder inside the file system that is mounted: `/`, or a subfolder for a bind mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly source: string;
  /** The superblock's options as they stand; see `superOption`. */
  readonly superOptions: string;
}

/** Throws RunError `host-unfit` naming the line that is not in the documented format. */
export function parseMountinfo(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): Mount {
  const fields = line.split(' ');
  // Between the mount options and the separator stand any number of optional fields.
  const separator = fields.indexOf('-', 6);
  const [id, parent, majorMinor, root, mountPoint] = fields;
  const [fsType, source, superOptions] = separator < 0 ? [] : fields.slice(separator + 1);
  if (
    !isNumber(id) ||
    !isNumber(parent) ||
    majorMinor === undefined ||
    !/^\d+:\d+$/.test(majorMinor) ||
    root === undefined ||
    !mountPoint?.startsWith('/') ||
    fsType === undefined ||
    source === undefined
  ) {
    throw new RunError('host-unfit', `a line of ${MOUNTINFO} is not understood: ${JSON.stringify(line)}`);
  }
  return {
    id: Number(id),
    parent: Number(parent),
    majorMinor,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    fsType: unescapeOctal(fsType),
    source: unescapeOctal(source),
    superOptions: superOptions ?? '',
  };
}

const isNumber = (text: string | undefined): boolean => text !== undefined && /^\d+$/.test(text);

/** The kernel writes space, tab, newline, `#` and backslash as three octal digits; everything else as it is. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The value of a superblock option like `logdev=/dev/sdg`. */
export function superOption(mount: Mount, name: string): string | undefined {
  const option = mount.superOptions.split(',').find((part) => part.startsWith(`${name}=`));
  return option === undefined ? undefined : unescapeOctal(option.slice(name.length + 1));
}

/**
 * The mount that a real path (no symbolic links left) lies on, found as the kernel walks it: at every folder
 * the topmost mount upon the mount we are in. So a mount that another one hides is never taken.
 */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const ids = new Set(mounts.map(({ id }) => id));
  // A mount is crossed once: what we were told might lead round in a circle.
  const crossed = new Set<Mount>();
  let current: Mount | undefined;
  for (const folder of foldersTo(path)) {
    for (let upon = mountUpon(folder); upon !== undefined; upon = mountUpon(folder)) {
      crossed.add(upon);
      current = upon;
    }
  }
  return current;

  function mountUpon(folder: string): Mount | undefined {
    return mounts.findLast((mount) => mount.mountPoint === folder && !crossed.has(mount) && isUpon(mount, current));
  }

  /** The outermost mount is its own parent, or its parent is outside what we can see. */
  function isUpon({ id, parent }: Mount, below: Mount | undefined): boolean {
    return below === undefined ? parent === id || !ids.has(parent) : parent === below.id;
  }
}

/** `/a/b` -> `/`, `/a`, `/a/b`. */
const foldersTo = (path: string): readonly string[] => {
  const names = path.split('/').filter((name) => name !== '');
  return ['/', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)];
};

/** Whether a path is a folder or lies in it, at whatever depth. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

/** The mounts that a path can still lead to: those that no later mount hides. */
export const visibleMounts = (mounts: readonly Mount[]): readonly Mount[] =>
  mounts.filter((mount) => mountOf(mount.mountPoint, mounts) === mount);
