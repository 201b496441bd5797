import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedAws, startEmbeddedAws } from '../../src/lab/aws/embedded-aws.ts';
import { binlogInfoLine, formatBinlog } from '../../src/shared/coordinates.ts';
import { TAG } from '../../src/shared/tags.ts';
import { volumeOf } from './installed-agent.ts';
import { diskCopies } from './stacks/disk-copies.ts';
import { layoutOf } from './stacks/layout.ts';
import { LEDGERS, UNCOMMITTED } from './stacks/ledger.ts';
import { SERVERS_DISKS, type TakenSet, takeSet } from './stacks/original.ts';
import { type Restored, restore } from './stacks/restored.ts';

let calls: EmbeddedAws['calls'];
let taken: TakenSet;
let restored: Restored;
beforeAll(async () => {
  await using store = await diskCopies();
  await using aws = await startEmbeddedAws({ store, orchestrationRoot: tmpdir() });
  calls = aws.calls;
  taken = await takeSet(aws, store);
  restored = await restore(aws, store, taken);
});

describe('a server that keeps its files on a storage stack of every kind', () => {
  it('is taken as one set, by one request, without the volume that is not its own', () => {
    expect(taken.result).toMatchObject({ outcome: 'done', grade: 'application', members: SERVERS_DISKS.length });
    const requests = calls.filter(({ action, parameters }) => action === 'CreateSnapshots' && !parameters['DryRun']);
    expect(requests).toHaveLength(1);
    expect(taken.snapshots.map(({ volumeId }) => volumeId).sort()).toEqual(SERVERS_DISKS.map(volumeOf).sort());
  });

  it('says in its manifest what keeps which files', () => {
    const { fileSystems, members } = restored.manifest;
    const stackOf = (volume: string | undefined) =>
      members
        .find((member) => member.volume === volume)
        ?.layers.map(({ kind, raid }) => (kind === 'raid' ? raid?.level : kind))
        .join(' > ');
    const told = fileSystems.map(
      ({ mountPoint, type, roles, volumes }) =>
        `${mountPoint}: ${roles.join(', ')} on ${type}, on ${volumes.length} x ${stackOf(volumes[0])}`,
    );
    // A member tells all that stands on it: on this disk ext4 on a partition, and on another XFS and its log.
    expect(told).toEqual([
      '/data: data, system-tablespace, aria-log on xfs, on 2 x disk > raid0',
      '/redo: redo on ext4, on 1 x disk > partition > partition > logical-volume > logical-volume',
      '/undo: undo on xfs, on 1 x disk > partition > partition > logical-volume > logical-volume',
      '/binlog: binlog on xfs, on 2 x disk > logical-volume',
      '/sealed: tablespace on ext4, on 1 x disk > crypt',
      '/mirrored: tablespace on xfs, on 2 x disk > raid1',
      '/wide: tablespace on ext4, on 4 x disk > raid10 > logical-volume',
      '/thin: tablespace on xfs, on 1 x disk > logical-volume > logical-volume > logical-volume > logical-volume',
    ]);
  });

  it('lies on the other machine as the manifest says', () => {
    expect(layoutOf(restored.found, restored.originals)).toEqual(layoutOf(restored.manifest, new Map()));
  });

  it('has every commit that was acknowledged before the coordinates, and none after them', () => {
    const { entries } = restored;
    const whole = entries.get('ledger_innodb') ?? new Set();
    const before = taken.acknowledged.filter(({ entry }) => !taken.after.entries.has(entry));
    const early = taken.acknowledged.filter(({ at }) => at < Date.parse(restored.manifest.takenAt));
    expect(before.length).toBeGreaterThan(20);
    expect(early.length).toBeGreaterThan(20);
    expect(taken.after.entries.size).toBeGreaterThan(20);
    expect([...before, ...early].filter(({ entry }) => !whole.has(entry))).toEqual([]);
    expect([...whole].filter((entry) => taken.after.entries.has(entry) || entry === UNCOMMITTED)).toEqual([]);
    for (const table of Object.keys(LEDGERS)) expect(entries.get(table)).toEqual(whole);
    expect(restored.checked).toEqual(Object.fromEntries(Object.keys(LEDGERS).map((table) => [table, 'OK'])));
  });

  it('stands where the coordinates say, by file, position and GTID', () => {
    const { coordinates } = restored.manifest;
    expect(restored.beyond).toMatchObject({ changes: 0 });
    expect(restored.gtid).toBe(coordinates.gtid);
    expect(taken.gtid).toBe(coordinates.gtid);
    expect(taken.result).toMatchObject({ binlog: coordinates.binlog && formatBinlog(coordinates.binlog) });
    expect(restored.binlogInfo).toBe(coordinates.binlog && binlogInfoLine(coordinates.binlog).trim());
    for (const { tags } of taken.snapshots) expect(tags[TAG.gtid]).toBe(coordinates.gtid);
  });
});
