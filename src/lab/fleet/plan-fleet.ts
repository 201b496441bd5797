import * as v from 'valibot';
import { InstanceId, VolumeId } from '../../shared/ids.ts';
import { between, fraction } from '../random.ts';
import type { LabVolume } from '../world.ts';
import { type Fate, SHARES } from './fates.ts';

/** A host of a simulated fleet, and all that will happen to it in a run. Times are milliseconds. */
export interface PlannedHost {
  readonly instanceId: InstanceId;
  readonly name: string;
  readonly fate: Fate;
  /** The boot volume and two of data: the members of a set. */
  readonly volumes: readonly LabVolume[];
  /** From the command to the result line. */
  readonly runMs: number;
  readonly stallMs: number;
  readonly frozenMs: number;
  readonly apiMs: number;
  /** `mysql 8.4.7` or `mariadb 10.11.19`. */
  readonly server: string;
  readonly serverUuid: string;
  readonly binlog: string;
  /** Absent where GTIDs are not in use; of some hosts longer than a tag. */
  readonly gtid: string | undefined;
  /** From the snapshots' start to `completed`. */
  readonly completionMs: number;
  /** From the snapshots' start to `error`, where EBS loses a member. */
  readonly memberFailsMs: number | undefined;
}

const RUN = { least: 5_000, most: 40_000 };
const STALL = { least: 120, most: 900 };
const COMPLETION = { least: 30_000, most: 120_000 };
/** A failure that is seen while the run goes on: of hosts of its first half. */
const EARLY = { least: 5_000, most: 20_000 };
/**
 * One that is seen after its end alone: of the hosts that are served last, longer after their sets than any of them could
 * still be waiting for.
 */
const LATE = { least: 120_000, most: 170_000 };
const LATE_COMPLETION_MS = 200_000;
const LAST_SERVED = 0.95;

/** A fleet in the order in which its commands are delivered. The same seed makes the same fleet. Pure. */
export function planFleet(hosts: number, seed: string): readonly PlannedHost[] {
  const fates = drawFates(hosts, seed);
  return Array.from({ length: hosts }, (_unused, index) => planHost(index, fates.get(index) ?? 'done', seed));
}

/** Which hosts are not simply done, by their place in the fleet: of every fate its share, at least one. */
function drawFates(hosts: number, seed: string): ReadonlyMap<number, Fate> {
  const fates = new Map<number, Fate>();
  const shuffled = Array.from({ length: hosts }, (_unused, index) => index)
    .map((index) => ({ index, at: fraction(`${seed}/fate/${index}`) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ index }) => index);
  for (const { fate, share, among } of SHARES) {
    const free = shuffled.filter((index) => !fates.has(index) && standsAmong(among, index / hosts));
    for (const index of free.slice(0, Math.max(Math.round(share * hosts), 1))) fates.set(index, fate);
  }
  return fates;
}

function standsAmong(among: (typeof SHARES)[number]['among'], place: number): boolean {
  if (among === 'first-half') return place < 0.5;
  return among === 'all' || place >= LAST_SERVED;
}

function planHost(index: number, fate: Fate, seed: string): PlannedHost {
  const draw = (what: string, range: { least: number; most: number }) =>
    between(range, fraction(`${seed}/${what}/${index}`));
  const stallMs = draw('stall', STALL);
  const late = fate === 'member-fails-late';
  return {
    instanceId: v.parse(InstanceId, `i-${hex17(index + 1)}`),
    name: `db${String(index + 1).padStart(5, '0')}`,
    fate,
    volumes: [volume(index, 0), volume(index, 1), volume(index, 2)],
    runMs: draw('run', RUN),
    stallMs,
    frozenMs: Math.round(stallMs * 0.8),
    apiMs: Math.round(stallMs * 0.7),
    ...serverOf(index, draw('transactions', { least: 1_000, most: 90_000_000 })),
    binlog: `binlog.${String(draw('file', { least: 1, most: 4_000 })).padStart(6, '0')}:${draw('position', { least: 157, most: 1_000_000_000 })}`,
    completionMs: late ? LATE_COMPLETION_MS : draw('completion', COMPLETION),
    memberFailsMs: late ? draw('late', LATE) : fate === 'member-fails' ? draw('early', EARLY) : undefined,
  };
}

/** Three flavours in turn, and of every hundredth host a GTID set that is longer than a tag. */
function serverOf(index: number, transactions: number): Pick<PlannedHost, 'server' | 'serverUuid' | 'gtid'> {
  const serverUuid = uuid(index);
  if (index % 3 === 1) return { server: 'mariadb 10.11.19', serverUuid, gtid: `0-${index}-${transactions}` };
  if (index % 3 === 2) return { server: 'mysql 8.0.44', serverUuid, gtid: undefined };
  const sources = Array.from({ length: index % 100 === 0 ? 8 : 1 }, (_unused, other) => uuid(index + other));
  return { server: 'mysql 8.4.7', serverUuid, gtid: sources.map((source) => `${source}:1-${transactions}`).join(',') };
}

const uuid = (number: number): string => `3e11fa47-71ca-11e1-9e33-${number.toString(16).padStart(12, '0')}`;
const hex17 = (number: number): string => number.toString(16).padStart(17, '0');

const volume = (index: number, number: number): LabVolume => ({
  volumeId: v.parse(VolumeId, `vol-${hex17((index + 1) * 10 + number)}`),
  sizeGiB: number === 0 ? 8 : 500,
  device: number === 0 ? '/dev/xvda' : `/dev/sd${number === 1 ? 'f' : 'g'}`,
  tags: { Team: 'orders', Environment: 'production', 'cost-center': '4711' },
  isBoot: number === 0,
});
