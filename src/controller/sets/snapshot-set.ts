import type { InstanceId, VolumeId } from '../../shared/ids.ts';
import type { Grade } from '../../shared/result.ts';
import type { Snapshot } from '../ports.ts';

/**
 * What has become of a set in EBS. `partial`: fewer members than it was made with; `contradictory`: its members do not
 * tell the same of it, or are more than it was made with.
 */
export type SetState = 'complete' | 'pending' | 'failed' | 'partial' | 'contradictory';

/** What the tags of a set tell of the server that it is of. */
export interface ServerTags {
  /** MySQL's `server_uuid`. */
  readonly uuid: string | undefined;
  /** MariaDB's `server_uid`: two that differ are of two servers, two that are the same may be. */
  readonly uid: string | undefined;
  /** The real path of the data directory, or its hash; sets of older versions do not tell. */
  readonly datadir: string | undefined;
}

/** The snapshots that one run made on one instance, as their tags name them. */
export interface SnapshotSet {
  /** `<run id>/<instance id>` */
  readonly set: string;
  readonly instance: InstanceId;
  readonly server: ServerTags;
  /** The instance's name at the time, from the `Name` tag. */
  readonly name: string;
  /** When EC2 began it: not what a tag says. */
  readonly startTime: Date;
  readonly state: SetState;
  readonly grade: Grade;
  /** A restore drill has passed. */
  readonly verified: boolean;
  readonly members: readonly Snapshot[];
  /** How many members it was made with. */
  readonly planned: number;
}

const GOOD: ReadonlySet<Grade> = new Set(['application', 'crash']);

/** Whether its run has proven it; EBS may not have completed it yet. */
export const isProven = ({ grade }: SnapshotSet): boolean => GOOD.has(grade);

/** Whether it can be restored from: proven by its run, and completed by EBS. */
export const isGood = (set: SnapshotSet): boolean => set.state === 'complete' && isProven(set);

/** What it is worth in a word: its grade once it is complete, and until then why it is worth nothing. */
export const worthOf = ({ state, grade }: SnapshotSet): string => (state === 'complete' ? grade : state);

/** For sorting. Equal times by name, so that the order is always the same. */
export const newestFirst = (a: SnapshotSet, b: SnapshotSet): number =>
  b.startTime.getTime() - a.startTime.getTime() || (a.set < b.set ? 1 : -1);

/** The volumes that its members are of. */
export const volumesOf = ({ members }: SnapshotSet): readonly VolumeId[] => members.map(({ volumeId }) => volumeId);
