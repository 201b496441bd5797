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
export const mountOf = (path: string, mounts: readonly Mount[]): Mount | undefined => walkOf(mounts)(path);

/** Whether a path is a folder or lies in it, at whatever depth. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

/** The mounts that a path can still lead to: those that no later mount hides. */
export function visibleMounts(mounts: readonly Mount[]): readonly Mount[] {
  const walk = walkOf(mounts);
  return mounts.filter((mount) => walk(mount.mountPoint) === mount);
}

/** Answers which of the mounts lie within a folder, in the order of the table, at a cost that their number decides. */
export function mountsWithin(mounts: readonly Mount[]): (folder: string) => readonly Mount[] {
  const sorted = mounts
    .map((mount, order) => ({ mount, order, key: asFolder(mount.mountPoint) }))
    .sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
  return (folder) => {
    const prefix = asFolder(folder);
    let [first, end] = [0, sorted.length];
    while (first < end) {
      const middle = (first + end) >> 1;
      if ((sorted[middle]?.key ?? '') < prefix) first = middle + 1;
      else end = middle;
    }
    while (sorted[end]?.key.startsWith(prefix)) end++;
    return sorted
      .slice(first, end)
      .sort((one, other) => one.order - other.order)
      .map(({ mount }) => mount);
  };
}

/** With a slash at its end, so that `/a` is no beginning of `/ab`. */
const asFolder = (path: string): string => (path === '/' ? path : `${path}/`);

type Walk = (path: string) => Mount | undefined;

const walks = new WeakMap<readonly Mount[], Walk>();

/** The walk through a table of mounts, prepared at the first question: a container host has thousands of them. */
function walkOf(mounts: readonly Mount[]): Walk {
  const known = walks.get(mounts);
  if (known !== undefined) return known;
  const walk = prepareWalk(mounts);
  walks.set(mounts, walk);
  return walk;
}

function prepareWalk(mounts: readonly Mount[]): Walk {
  const ids = new Set(mounts.map(({ id }) => id));
  const upon = new Map<string, Mount[]>();
  for (const mount of mounts) {
    // The outermost mount is its own parent, or its parent is outside what we can see.
    const isOutermost = mount.parent === mount.id || !ids.has(mount.parent);
    add(place(mount.parent, mount.mountPoint), mount);
    if (isOutermost) add(place(undefined, mount.mountPoint), mount);
  }
  const points = new Set(mounts.map(({ mountPoint }) => mountPoint));
  const arrivals = new Map<string, Mount | undefined>();
  return (path) => arriveAt(withoutDoubledSlashes(path));

  function add(key: string, mount: Mount): void {
    const there = upon.get(key);
    if (there === undefined) upon.set(key, [mount]);
    else there.push(mount);
  }

  /** Every mount point is walked to once, whatever lies below it. */
  function arriveAt(path: string): Mount | undefined {
    let folder = path;
    while (!points.has(folder)) {
      if (folder === '/') return undefined;
      folder = folderAbove(folder);
    }
    if (!arrivals.has(folder))
      arrivals.set(folder, topmostAt(folder, folder === '/' ? undefined : arriveAt(folderAbove(folder))));
    return arrivals.get(folder);
  }

  function topmostAt(folder: string, below: Mount | undefined): Mount | undefined {
    // A mount is crossed once: what we were told might lead round in a circle.
    const crossed = new Set<Mount>();
    for (let current = below; ; ) {
      const next = upon.get(place(current?.id, folder))?.findLast((mount) => !crossed.has(mount));
      if (next === undefined) return current;
      crossed.add(next);
      current = next;
    }
  }
}

/** Where a mount may lie: upon which other (the outermost upon none), at which folder. */
const place = (below: number | undefined, folder: string): string => `${below ?? ''} ${folder}`;

const folderAbove = (folder: string): string => folder.slice(0, folder.lastIndexOf('/')) || '/';

const withoutDoubledSlashes = (path: string): string =>
  /\/\/|.\/$/.test(path)
    ? `/${path
        .split('/')
        .filter((name) => name !== '')
        .join('/')}`
    : path;
