import type { AttachedVolume } from '../ports.ts';
import type { BlockDevice } from './block-graph.ts';
import type { UnresolvedLeaf } from './facts.ts';

/** Which volume a leaf is, or why that cannot be said. */
export type Identity =
  | { readonly volume: AttachedVolume }
  | { readonly reason: UnresolvedLeaf['reason']; readonly detail: string };

const GIB = 2 ** 30;

/**
 * Joins a leaf with the volumes that EC2 says are attached to this instance: by the volume id that the disk
 * tells as its serial (NVMe on Nitro, virtio), else by the attachment's device path.
 * `blockNames`: all block devices of the host, to notice a Xen kernel that shifts the letters.
 */
export function identifyVolume(
  leaf: BlockDevice,
  volumes: readonly AttachedVolume[],
  blockNames: readonly string[],
): Identity {
  if (isInstanceStore(leaf)) return { reason: 'instance-store', detail: describe(leaf) };
  if (leaf.layer.kind !== 'disk' && leaf.layer.kind !== 'loop') {
    return { reason: 'no-volume', detail: `the ${leaf.layer.kind} stands on no device that the kernel still has` };
  }
  const found = candidates(leaf, volumes, blockNames);
  if ('reason' in found) return found;
  return found.volume.sizeGiB * GIB === leaf.layer.sizeBytes
    ? found
    : {
        reason: 'size-differs',
        detail: `the device has ${leaf.layer.sizeBytes} bytes, ${found.volume.volumeId} has ${found.volume.sizeGiB} GiB`,
      };
}

const isInstanceStore = ({ model, serial }: BlockDevice): boolean =>
  model === 'Amazon EC2 NVMe Instance Storage' || (serial?.startsWith('AWS') ?? false);

function candidates(leaf: BlockDevice, volumes: readonly AttachedVolume[], blockNames: readonly string[]): Identity {
  const id = volumeIdOfSerial(leaf.serial);
  if (id !== undefined) {
    const attached = volumes.find(({ volumeId }) => volumeId === id);
    return attached === undefined
      ? { reason: 'no-volume', detail: `its serial says ${id}, which EC2 does not show as attached to this instance` }
      : { volume: attached };
  }
  const { name } = leaf.layer;
  if (!XEN.test(name))
    return only(
      volumes.filter(({ device }) => device === `/dev/${name}`),
      leaf,
    );

  const shifted = volumes.find(
    ({ device }) => XEN.test(xenName(device)) && !blockNames.some((other) => diskOf(other) === diskOf(xenName(device))),
  );
  if (shifted !== undefined) {
    return {
      reason: 'no-volume',
      detail: `the kernel shows no ${diskOf(xenName(shifted.device))} for the attachment ${shifted.device}, so its names do not tell which volume is which`,
    };
  }
  const exact = volumes.filter(({ device }) => xenName(device) === name);
  return only(
    exact.length > 0 ? exact : volumes.filter(({ device }) => diskOf(xenName(device)) === diskOf(name)),
    leaf,
  );
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
