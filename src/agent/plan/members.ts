import type { VolumeId } from '../../shared/ids.ts';
import type { HostFacts } from '../discovery/facts.ts';
import type { SnapshotPlan } from './snapshot-plan.ts';

export const memberIds = ({ storage }: HostFacts): readonly VolumeId[] =>
  storage.members.map(({ volume }) => volume.volumeId).sort();

/** What CreateSnapshots has to leave out: it selects by exclusion, the boot volume by a flag of its own. */
export function excludedVolumes(facts: HostFacts): SnapshotPlan['exclude'] {
  const members = memberIds(facts);
  const others = facts.instance.volumes.filter(({ volumeId }) => !members.includes(volumeId));
  const isBoot = ({ device }: { device: string }): boolean => device === facts.instance.rootDevice;
  return {
    bootVolume: !facts.storage.members.some(({ isBootVolume }) => isBootVolume),
    dataVolumes: others
      .filter((volume) => !isBoot(volume))
      .map(({ volumeId }) => volumeId)
      .sort(),
  };
}
