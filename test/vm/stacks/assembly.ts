import type { Layer, Manifest } from '../../../src/shared/manifest.ts';

/** A program to be run on the host that takes the set, as root. */
export interface Step {
  readonly argv: readonly string[];
  /** Whether it reads the key of a LUKS volume from its stdin. */
  readonly needsKey?: true;
}

/**
 * What puts the copies of a set back, once they are attached, by the manifest alone: arrays, volume groups and LUKS
 * from the volumes upwards, then the file systems where they were. Nothing in it depends on what the kernel now calls
 * the copies.
 */
export function assemblyOf(manifest: Manifest): readonly Step[] {
  return [...bottomUp(manifest).flatMap(raise), { argv: ['udevadm', 'settle'] }, ...mounts(manifest)];
}

/** Every layer once, after all that it may stand on. */
function bottomUp({ members }: Manifest): readonly Layer[] {
  const waiting = members.map(({ volume, layers }) => layers.map((layer) => ({ layer, id: identity(volume, layer) })));
  const order: Layer[] = [];
  while (waiting.some((stack) => stack.length > 0)) {
    const next = waiting
      .flatMap(([first]) => (first === undefined ? [] : [first]))
      .find(({ id }) => waiting.every((stack) => stack.findIndex((each) => each.id === id) <= 0));
    if (next === undefined) throw new Error('the layers of the manifest stand on each other');
    order.push(next.layer);
    for (const stack of waiting) if (stack[0]?.id === next.id) stack.shift();
  }
  return order;
}

/** Members that share an array or a logical volume call it the same; disks and partitions they do not share. */
function identity(volume: string, { kind, raid, deviceMapper, partition }: Layer): string {
  if (kind === 'raid') return `raid ${raid?.uuid}`;
  return deviceMapper?.uuid ?? `${kind} ${partition?.number} ${volume}`;
}

function raise({ kind, name, raid, deviceMapper, logicalVolume }: Layer): readonly Step[] {
  switch (kind) {
    case 'raid':
      return [{ argv: ['mdadm', '--assemble', `/dev/${name}`, `--uuid=${raid?.uuid}`] }];
    case 'logical-volume': {
      // What LVM keeps for itself comes with what stands on it, and says so behind the 64 digits of its UUID.
      const isInternal = deviceMapper?.uuid.length !== 'LVM-'.length + 64;
      const path = `${logicalVolume?.group}/${logicalVolume?.name}`;
      return isInternal ? [] : [{ argv: ['lvchange', '--activate', 'y', path] }];
    }
    case 'crypt': {
      const [, digits = ''] = /^CRYPT-LUKS[12]-([0-9a-f]{32})-/.exec(deviceMapper?.uuid ?? '') ?? [];
      const uuid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      const open = ['cryptsetup', 'open', '--key-file=-', `/dev/disk/by-uuid/${uuid}`, deviceMapper?.name ?? ''];
      return [{ argv: ['udevadm', 'settle'] }, { argv: open, needsKey: true }];
    }
    default:
      return [];
  }
}

/** A file system that is mounted in another one comes after it. */
function mounts({ fileSystems }: Manifest): readonly Step[] {
  return fileSystems
    .toSorted((a, b) => a.mountPoint.length - b.mountPoint.length)
    .flatMap(({ mountPoint, type, uuid, logDevice }) => {
      // On a logical volume or an array, whose names the copy has as well.
      const options = logDevice === undefined ? [] : ['--options', `logdev=${logDevice}`];
      return [
        { argv: ['mkdir', '--parents', mountPoint] },
        { argv: ['mount', '--types', type, ...options, '--source', `UUID=${uuid}`, '--target', mountPoint] },
      ];
    });
}
