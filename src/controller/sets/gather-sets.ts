import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import { Grade } from '../../shared/result.ts';
import { TAG, type Tags } from '../../shared/tags.ts';
import { groupBy } from '../collections.ts';
import type { Snapshot } from '../ports.ts';
import { newestFirst, type ServerTags, type SetState, type SnapshotSet } from './snapshot-set.ts';

/**
 * The sets that these snapshots make up, newest first, and the snapshots whose tags name no set. The tags are as those
 * who may tag have left them, so nothing is made of them but what they prove of themselves.
 */
export function gatherSets(snapshots: readonly Snapshot[]): {
  readonly sets: readonly SnapshotSet[];
  readonly orphans: readonly Snapshot[];
} {
  const sets: SnapshotSet[] = [];
  const orphans: Snapshot[] = [];
  for (const [set, members] of groupBy(snapshots, ({ tags }) => tags[TAG.set] ?? '')) {
    const instance = instanceOf(set);
    if (instance === undefined) orphans.push(...members);
    else sets.push(snapshotSet(set, instance, members));
  }
  return { sets: sets.sort(newestFirst), orphans };
}

const SET = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\/(.*)$/;

function instanceOf(set: string): InstanceId | undefined {
  const parsed = v.safeParse(InstanceId, SET.exec(set)?.[1]);
  return parsed.success ? parsed.output : undefined;
}

function snapshotSet(set: string, instance: InstanceId, members: readonly Snapshot[]): SnapshotSet {
  const tags = members[0]?.tags ?? {};
  const planned = Number(/^\d{1,3}$/.exec(tags[TAG.members] ?? '')?.[0] ?? 0);
  const grade = v.safeParse(Grade, tags[TAG.grade]);
  return {
    set,
    instance,
    server: serverTags(tags),
    name: (tags[TAG.name] ?? '').replace(/^\d{8}_\d{6}_/, '') || '-',
    startTime: new Date(Math.min(...members.map(({ startTime }) => startTime.getTime()))),
    state: stateOf(instance, members, planned),
    grade: grade.success ? grade.output : 'unproven',
    verified: members.every(({ tags }) => TAG.verified in tags),
    members: [...members].sort((a, b) => (a.volumeId < b.volumeId ? -1 : 1)),
    planned,
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function serverTags(tags: Tags): ServerTags {
  const id = tags[TAG.serverUuid];
  const isMysql = id !== undefined && UUID.test(id) && !tags[TAG.server]?.startsWith('mariadb');
  return { uuid: isMysql ? id : undefined, uid: isMysql ? undefined : id, datadir: tags[TAG.datadir] };
}

/** What one request tagged is tagged alike; of the grade see below. */
const ALIKE = [TAG.instance, TAG.owner, TAG.members, TAG.run, TAG.server, TAG.serverUuid, TAG.datadir] as const;

function stateOf(instance: InstanceId, members: readonly Snapshot[], planned: number): SetState {
  const same = (key: string) => members.every(({ tags }) => tags[key] === members[0]?.tags[key]);
  const volumes = new Set(members.map(({ volumeId }) => volumeId));
  if (!ALIKE.every(same) || members[0]?.tags[TAG.instance] !== instance) return 'contradictory';
  if (members.length > planned || volumes.size < members.length) return 'contradictory';
  if (members.some(({ state }) => state === 'error')) return 'failed';
  if (members.length < planned) return 'partial';
  if (members.some(({ state }) => state === 'pending')) return 'pending';
  // Half raised, or put into the Recycle Bin by half: no whole set.
  if (!same(TAG.grade) || members.some(({ state }) => state !== 'completed')) return 'partial';
  return 'complete';
}
