import type { Attachments } from '../ports.ts';
import { hasAllVolumesOf, type Server, sharesVolume } from '../sets/servers.ts';
import { type SnapshotSet, volumesOf } from '../sets/snapshot-set.ts';

/**
 * Those of the servers of one host that are proven to be there no more: another one has taken their place. A server of
 * which nothing proves it counts as one whose backups have stopped. The sets have to be proven to be of the host.
 */
export const goneServers = (servers: readonly Server[], attachments: Attachments): readonly Server[] =>
  servers.filter((server) => servers.some((other) => hasTakenThePlaceOf(server, other, attachments)));

/** Whether `other` was taken only since `server` was not, and there is no room left for both. */
function hasTakenThePlaceOf(server: Server, other: Server, attachments: Attachments): boolean {
  const newest = server.sets[0];
  const first = other.sets.at(-1) ?? other.sets[0];
  if (first.startTime.getTime() <= newest.startTime.getTime()) return false;
  // An answer without any volume of the one that is there says nothing of the others.
  const isAnswered = volumesOf(other.sets[0]).some((volume) => attachments.has(volume));
  const isDetached = (volume: string) => isAnswered && !attachments.has(volume);
  return (
    // Its data directory moved, or was made anew in the same place.
    (server.uuid !== undefined && server.uuid === other.uuid) ||
    (server.datadir !== undefined && server.datadir === other.datadir && sharesVolume(newest, first)) ||
    volumesOf(newest).every(isDetached) ||
    // Sets of an older version do not tell the server; volumes were added since, or taken away.
    (server.datadir === undefined && hasAllVolumesOf(other.sets[0], withoutVolumes(newest, isDetached)))
  );
}

const withoutVolumes = (set: SnapshotSet, isLeftOut: (volume: string) => boolean): SnapshotSet => ({
  ...set,
  members: set.members.filter(({ volumeId }) => !isLeftOut(volumeId)),
});
