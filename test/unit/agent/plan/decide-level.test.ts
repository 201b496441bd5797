import { describe, expect, it } from 'vitest';
import { decideLevel } from '../../../../src/agent/plan/decide-level.ts';
import { factsOf } from './some-facts.ts';
import { serverOf } from './some-servers.ts';

const proven = await serverOf('mysql');
const unproven = { ...proven, syncBinlog: 0, doublewrite: false };

describe('the level', () => {
  it.each(['application', 'crash', 'auto'] as const)('%s of a server whose recovery is exact', (asked) => {
    const level = asked === 'application' ? 'application' : 'crash';
    expect(decideLevel(asked, proven)).toEqual({ level, refusals: [], notCrashBecause: [] });
  });

  it('application asks for no proof', () => {
    expect(decideLevel('application', unproven)).toEqual({ level: 'application', refusals: [], notCrashBecause: [] });
  });

  it('crash is refused with every obligation that is not met', () => {
    const { level, refusals, notCrashBecause } = decideLevel('crash', unproven);
    expect(level).toBe('crash');
    expect(refusals.map(({ code }) => code)).toEqual(['crash-not-provable', 'crash-not-provable']);
    expect(notCrashBecause).toEqual([]);
  });

  it('auto takes the lock instead, and says why', () => {
    const { level, refusals, notCrashBecause } = decideLevel('auto', unproven);
    expect(level).toBe('application');
    expect(refusals).toEqual([]);
    expect(notCrashBecause).toEqual([
      expect.stringContaining('sync_binlog is 0'),
      expect.stringContaining('innodb_doublewrite is off'),
    ]);
  });

  it('auto is application where nobody was let look', () => {
    const blind = { ...proven, privileges: proven.privileges.filter((name) => name !== 'SHOW VIEW') };
    expect(decideLevel('auto', { ...blind, recovery: undefined })).toMatchObject({
      level: 'application',
      notCrashBecause: [expect.stringContaining('SHOW VIEW')],
    });
  });

  it('crash needs a journal on every file system, since nothing is frozen', async () => {
    const { mounts } = (await factsOf('ext4-without-journal')).storage;
    const bare = 'the ext4 on /data has no journal: it could be damaged in the set';
    expect(decideLevel('crash', proven, mounts).refusals).toEqual([
      { code: 'crash-not-provable', message: bare, hint: expect.stringContaining('tune2fs -O has_journal') },
    ]);
    expect(decideLevel('auto', proven, mounts)).toEqual({
      level: 'application',
      refusals: [],
      notCrashBecause: [bare],
    });
    expect(decideLevel('auto', proven, (await factsOf('ext4-external-journal')).storage.mounts).level).toBe('crash');
  });
});
