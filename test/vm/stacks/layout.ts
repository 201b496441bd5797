import type { Manifest } from '../../../src/shared/manifest.ts';

type Layout = Pick<Manifest, 'members' | 'fileSystems' | 'settings'>;

/**
 * What a manifest says of where everything lies, without what differs from host to host: the device that a volume is
 * attached as, and the kernel's numbers of disks and of devices of device-mapper. `volumes`: its volumes by the names
 * that they are to have here.
 */
export function layoutOf({ members, fileSystems, settings }: Layout, volumes: ReadonlyMap<string, string>): Layout {
  const named = (volume: string): string => volumes.get(volume) ?? volume;
  return {
    members: members
      .map((member) => ({
        ...member,
        volume: named(member.volume),
        device: '',
        layers: member.layers.map((layer) => ({ ...layer, name: withoutNumber(layer.name) })),
      }))
      .sort((a, b) => a.volume.localeCompare(b.volume)),
    fileSystems: fileSystems.map((fileSystem) => ({
      ...fileSystem,
      device: withoutNumber(fileSystem.device),
      volumes: fileSystem.volumes.map(named).sort(),
    })),
    settings,
  };
}

const withoutNumber = (name: string): string => name.replace(/(nvme|dm-)\d+/, '$1');
