import type { AttachedVolume } from '../ports.ts';
import type { BlockDevice } from './block-graph.ts';
import type { UnresolvedLeaf } from './facts.ts';

/** Which volume a leaf is, or why that cannot be said. */
export type Identity =
  | { readonly volume: AttachedVolume }
  | { readonly reason: UnresolvedLeaf['reason']; readonly detail: string };

const GIB = 2 ** 30;

/**
 * Joins leaves with the volumes that EC2 says are attached to this instance: by the volume id that the disk
 * tells as its serial (NVMe on Nitro, virtio), else by the attachment's device path.
 * `blockNames`: all block devices of the host, to notice a Xen kernel that shifts the letters.
 */
export function volumeIdentifier(
  volumes: readonly AttachedVolume[],
  blockNames: readonly string[],
): (leaf: BlockDevice) => Identity {
  const attached = new Attached(volumes, blockNames);
  return (leaf) => {
    if (isInstanceStore(leaf)) return { reason: 'instance-store', detail: describe(leaf) };
    if (leaf.layer.kind !== 'disk' && leaf.layer.kind !== 'loop') {
      return { reason: 'no-volume', detail: `the ${leaf.layer.kind} stands on no device that the kernel still has` };
    }
    const found = attached.as(leaf);
    if ('reason' in found) return found;
    return found.volume.sizeGiB * GIB === leaf.layer.sizeBytes
      ? found
      : {
          reason: 'size-differs',
          detail: `the device has ${leaf.layer.sizeBytes} bytes, ${found.volume.volumeId} has ${found.volume.sizeGiB} GiB`,
        };
  };
}

/** The same for a single leaf. */
export const identifyVolume = (
  leaf: BlockDevice,
  volumes: readonly AttachedVolume[],
  blockNames: readonly string[],
): Identity => volumeIdentifier(volumes, blockNames)(leaf);

const isInstanceStore = ({ model, serial }: BlockDevice): boolean =>
  model === 'Amazon EC2 NVMe Instance Storage' || (serial?.startsWith('AWS') ?? false);

/** The attached volumes by all that a leaf may be joined by. */
class Attached {
  private readonly byId: ReadonlyMap<string, readonly AttachedVolume[]>;
  private readonly byDevice: ReadonlyMap<string, readonly AttachedVolume[]>;
  private readonly byXenName: ReadonlyMap<string, readonly AttachedVolume[]>;
  private readonly byXenDisk: ReadonlyMap<string, readonly AttachedVolume[]>;
  /** The first attachment that no disk of the host has the name of. */
  private readonly shifted: AttachedVolume | undefined;

  constructor(volumes: readonly AttachedVolume[], blockNames: readonly string[]) {
    this.byId = groupBy(volumes, ({ volumeId }) => volumeId);
    this.byDevice = groupBy(volumes, ({ device }) => device);
    this.byXenName = groupBy(volumes, ({ device }) => xenName(device));
    this.byXenDisk = groupBy(volumes, ({ device }) => diskOf(xenName(device)));
    const disks = new Set(blockNames.map(diskOf));
    this.shifted = volumes.find(({ device }) => XEN.test(xenName(device)) && !disks.has(diskOf(xenName(device))));
  }

  as(leaf: BlockDevice): Identity {
    const id = volumeIdOfSerial(leaf.serial);
    if (id !== undefined) {
      const [volume] = this.byId.get(id) ?? [];
      return volume === undefined
        ? { reason: 'no-volume', detail: `its serial says ${id}, which EC2 does not show as attached to this instance` }
        : { volume };
    }
    const { name } = leaf.layer;
    if (!XEN.test(name)) return only(this.byDevice.get(`/dev/${name}`) ?? [], leaf);
    if (this.shifted !== undefined) {
      const { device } = this.shifted;
      return {
        reason: 'no-volume',
        detail: `the kernel shows no ${diskOf(xenName(device))} for the attachment ${device}, so its names do not tell which volume is which`,
      };
    }
    return only(this.byXenName.get(name) ?? this.byXenDisk.get(diskOf(name)) ?? [], leaf);
  }
}

function groupBy(
  volumes: readonly AttachedVolume[],
  keyOf: (volume: AttachedVolume) => string,
): ReadonlyMap<string, readonly AttachedVolume[]> {
  const groups = new Map<string, AttachedVolume[]>();
  for (const volume of volumes) {
    const group = groups.get(keyOf(volume));
    if (group === undefined) groups.set(keyOf(volume), [volume]);
    else group.push(volume);
  }
  return groups;
}

function only(found: readonly AttachedVolume[], leaf: BlockDevice): Identity {
  const [volume, ...others] = found;
  if (volume === undefined) return { reason: 'no-volume', detail: describe(leaf) };
  if (others.length === 0) return { volume };
  return {
    reason: 'several-volumes',
    detail: `could be ${found.map(({ volumeId, device }) => `${volumeId} (${device})`).join(' or ')}`,
  };
}

/** The serial is the id without its hyphen: `vol0123456789abcdef0`, on old volumes 8 digits. */
function volumeIdOfSerial(serial: string | undefined): string | undefined {
  const digits = serial === undefined ? undefined : /^vol-?([0-9a-f]{17}|[0-9a-f]{8})$/.exec(serial)?.[1];
  return digits === undefined ? undefined : `vol-${digits}`;
}

const XEN = /^xvd[a-z]+\d*$/;
/** `/dev/sdf`, `sdf`, `/dev/xvdf` -> `xvdf`: Xen kernels say xvd where the attachment may say sd. */
const xenName = (device: string): string => device.replace(/^\/dev\//, '').replace(/^sd/, 'xvd');
const diskOf = (name: string): string => name.replace(/\d+$/, '');

function describe({ layer, serial, model, backingFile }: BlockDevice): string {
  return [
    `${layer.sizeBytes} bytes`,
    ...(model === undefined ? [] : [`model ${model}`]),
    ...(serial === undefined ? [] : [`serial ${serial}`]),
    ...(backingFile === undefined ? [] : [`backed by ${backingFile}`]),
  ].join(', ');
}
