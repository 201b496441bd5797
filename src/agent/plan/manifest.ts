import type { Coordinates } from '../../shared/coordinates.ts';
import type { Manifest } from '../../shared/manifest.ts';
import type { SnapshotPlan } from './snapshot-plan.ts';

/** What the set says of itself. `takenAt`: when the lock was held and the coordinates were read. */
export function manifestOf(plan: SnapshotPlan, coordinates: Coordinates, takenAt: Date): Manifest {
  const { server, storage } = plan.facts;
  const { flavour, major, minor, patch } = server.version;
  return {
    v: 1,
    run: plan.run,
    set: plan.set,
    instance: plan.instanceId,
    region: plan.region,
    level: plan.level,
    takenAt: takenAt.toISOString(),
    server: {
      flavour,
      version: `${major}.${minor}.${patch}`,
      ...(server.uuid === undefined ? {} : { uuid: server.uuid }),
      serverId: server.serverId,
    },
    coordinates,
    members: storage.members.map(({ volume, roles, layers }) => ({
      volume: volume.volumeId,
      sizeGiB: volume.sizeGiB,
      device: volume.device,
      roles: [...roles],
      layers: [...layers],
    })),
    fileSystems: storage.mounts.map(({ mountPoint, fsType, source, uuid, externalDevices, roles, volumes }) => ({
      mountPoint,
      type: fsType,
      device: source,
      ...(uuid === undefined ? {} : { uuid }),
      ...(externalDevices.logdev && { logDevice: externalDevices.logdev }),
      ...(externalDevices.rtdev && { realTimeDevice: externalDevices.rtdev }),
      ...(externalDevices.journal && { journalDevice: externalDevices.journal }),
      roles: [...roles],
      frozen: plan.freeze.includes(mountPoint),
      volumes: [...volumes],
    })),
    firstStartNeedsBinlog: plan.level === 'crash' && server.binlogEnabled,
    settings: { ...server.settings },
    warnings: plan.warnings.map(({ message }) => message),
  };
}
