import { expect, test } from 'vitest';
import { isUnhurt, reportOf, type SoakedRun, summarize } from '../../../../src/lab/soak/report.ts';

const unhurt = { leftFrozen: 0, leftLocked: 0, orphans: 0, complaints: [] };
const ending = { status: null, signal: 'SIGKILL', result: undefined, ms: 1_500 } as const;
const undisturbed: SoakedRun = {
  longestFreezeMs: 340,
  ending: { ...ending, status: 0, signal: null },
  hurt: unhurt,
  falseClaims: [],
};
const killed = (number: number, thawedAfterMs?: number): SoakedRun => ({
  met: {
    kind: 'kill',
    number,
    victim: 'agent',
    signal: 'SIGKILL',
    afterMs: 812.3,
    ...(thawedAfterMs !== undefined && { thawedAfterMs }),
  },
  longestFreezeMs: 320.4,
  ending,
  hurt: unhurt,
  falseClaims: [],
});
/** The guard thaws at its own deadline. */
const stopped = (number: number, heldMs: number): SoakedRun => ({
  ...undisturbed,
  met: { kind: 'stop', number, whom: 'agent', afterMs: 640.2, heldMs },
  longestFreezeMs: 12_010,
});
const done = { v: 1, run: 'r', outcome: 'done', grade: 'application' } as const;
const changed = (number: number, isGood: boolean, isInTime = true): SoakedRun => ({
  ...undisturbed,
  met: { kind: 'change', number, what: 'volume attached', afterMs: 400, isInTime },
  ending: { ...undisturbed.ending, result: isGood ? done : { ...done, outcome: 'failed', code: 'set-broken' } },
});
const good = [undisturbed, killed(1), killed(2, 3.14), killed(3, 9.06)];

test('the result line, field by field and in its order', () => {
  expect(
    JSON.stringify(
      reportOf(
        [
          ...good,
          stopped(1, 12_004.4),
          stopped(2, 3.2),
          changed(1, true),
          changed(2, false),
          changed(3, false),
          changed(4, true, false),
        ],
        'friday',
      ),
    ),
  ).toBe(
    '{"v":1,"kills":3,"leftFrozen":0,"leftLocked":0,"orphans":0,"thawAfterKillMs":{"p50":6.1,"max":9.1},"lyingGrades":0,"killsWhileFrozen":2,"longestFreezeMs":340,"seed":"friday","stops":2,"longestLockAfterStopMs":12004,"changes":4,"changedSets":{"good":1,"notGood":2}}',
  );
});

test('without a kill while frozen there is no time, and no zero for one', () => {
  expect(reportOf([killed(1)], 's').thawAfterKillMs).toEqual({ p50: null, max: null });
});

test('a stop that landed while nobody waited has no time, and no zero for one', () => {
  expect(reportOf([stopped(1, 999)], 's')).toMatchObject({ stops: 1, longestLockAfterStopMs: null });
});

test('a run that was asked to end does so in order: its thaw is not counted among those after a death', () => {
  const asked: SoakedRun = {
    ...killed(4),
    met: {
      kind: 'kill',
      number: 4,
      victim: 'agent (SIGTERM)',
      signal: 'SIGTERM',
      afterMs: 700,
      thawedAfterMs: 300,
    },
  };
  expect(reportOf([...good, asked], 's')).toEqual({ ...reportOf(good, 's'), kills: 4 });
});

const hurt = (more: Partial<SoakedRun['hurt']>): SoakedRun => ({ ...killed(4), hurt: { ...unhurt, ...more } });

test.each<[string, readonly SoakedRun[], boolean]>([
  ['nothing', good, true],
  ['no kill while frozen', [killed(1)], true],
  ['a file system left frozen', [...good, hurt({ leftFrozen: 1 })], false],
  ['a server left locked', [...good, hurt({ leftLocked: 1 })], false],
  ['an orphan', [...good, hurt({ orphans: 1 })], false],
  ['a lie', [...good, { ...killed(4), falseClaims: ['says done'] }], false],
  ['a lie of a run that nobody killed', [{ ...undisturbed, falseClaims: ['says done'] }, ...good], false],
  ['a slow median', [killed(1, 99), killed(2, 102)], false],
  [
    'a freeze that began after the kill and waited for the dead',
    [...good, { ...killed(4), longestFreezeMs: 1_401 }],
    false,
  ],
  ['a lock that the server ended in time, and the freeze with it', [...good, stopped(1, 14_900)], true],
  ['a lock that outlived its bound', [...good, stopped(1, 15_001)], false],
  ['one thaw too late', [killed(1, 5), killed(2, 5), killed(3, 1_001)], false],
])('%s: unhurt is %3$s', (_, runs, expected) => {
  expect(isUnhurt(reportOf(runs, 's'))).toBe(expected);
});

test('the summary for people names what was complained of', () => {
  const runs = [
    ...good,
    hurt({ leftFrozen: 1, complaints: ['/data is left frozen'] }),
    stopped(1, 15_100.6),
    changed(1, true),
  ];
  expect(summarize(runs, 'friday')).toMatchInlineSnapshot(`
    "agent                4 kills, 2 while frozen: thawed after 6.1 ms (median), 9.1 ms (most)
    process group        0 kills, 0 while frozen
    whole guard          0 kills, 0 while frozen
    one of the guard     0 kills, 0 while frozen
    agent (SIGTERM)      0 kills, 0 while frozen
    SIGKILL in all       4 kills, 2 while frozen: thawed after 6.1 ms (median), 9.1 ms (most)
    agent, stopped       1 stops, commits waited for 15101 ms (most)
    world, changed       1 changes; of the runs that met one in time 1 were good, 0 were not
    kill 4 of 4, agent after 812 ms; ended: SIGKILL
      /data is left frozen
    stop 1, agent after 640 ms; commits ran after 15100.6 ms; ended: 0 (no result)
      the lock lasted for 15101 ms
    Left behind: 1 frozen file systems, 0 locked servers, 0 orphans; 0 runs lied.
    No write hung for longer than 340 ms.
    The host was hurt, or released too late: thawed at most 100 ms after a kill at the median, 1000 ms in any case; no freeze may last longer than 1400 ms, and no lock longer than 15000 ms after a stop (--seed friday).
    "
  `);
});
