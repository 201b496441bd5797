import * as v from 'valibot';
import type { Snapshot } from '../../../../src/controller/ports.ts';
import { gatherSets } from '../../../../src/controller/sets/gather-sets.ts';
import type { SnapshotSet } from '../../../../src/controller/sets/snapshot-set.ts';
import { SnapshotId, VolumeId } from '../../../../src/shared/ids.ts';
import { TAG, type Tags } from '../../../../src/shared/tags.ts';
import { host as instance } from '../fakes.ts';

export { instance };

const hex = (number: number): string => number.toString(16).padStart(17, '0');
export const volume = (number: number): VolumeId => v.parse(VolumeId, `vol-${hex(number)}`);

export interface SetOf {
  readonly host?: number;
  readonly members?: number;
  /** Its first volume, counted from the host's first. */
  readonly from?: number;
  readonly grade?: string;
  readonly state?: Snapshot['state'];
  readonly tags?: Tags;
}

/** What the agent tells of a MySQL server (`uuid`) or a MariaDB one; without `datadir`, as an older version did. */
export const serverTags = (datadir: string | undefined, uuid?: string): Tags => ({
  [TAG.server]: uuid === undefined ? 'mariadb 10.11.19' : 'mysql 9.7.4',
  [TAG.serverUuid]: uuid ?? 'kRhGzd0Zy8NCFhBnR0xLHc5o5sI=',
  ...(datadir !== undefined && { [TAG.datadir]: datadir }),
});

let made = 0;

/** The snapshots of one set of host `i-…host`, taken at `time`, as the agent tags them. */
export function snapshotsOf(
  time: string,
  { host = 1, members = 2, from = 0, grade = 'application', state = 'completed', tags = {} }: SetOf = {},
): Snapshot[] {
  const id = instance(host);
  const run = time.replace(/[-:]/g, '').replace(/\.\d+/, '');
  return Array.from({ length: members }, (_unused, index) => ({
    snapshotId: v.parse(SnapshotId, `snap-${hex(++made)}`),
    volumeId: volume(100 * host + from + index),
    state,
    startTime: new Date(time),
    sizeGiB: 10,
    tags: {
      [TAG.name]: `20261126_030000_db-${host}`,
      [TAG.set]: `${run}/${id}`,
      [TAG.run]: run,
      [TAG.instance]: id,
      [TAG.owner]: `AROAHOSTROLE000000001:${id}`,
      [TAG.grade]: grade,
      [TAG.members]: String(members),
      ...tags,
    },
  }));
}

export const setOf = (time: string, how?: SetOf): SnapshotSet => {
  const [set] = gatherSets(snapshotsOf(time, how)).sets;
  if (set === undefined) throw new Error('that is no set');
  return set;
};
