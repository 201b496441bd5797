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
  kill: { number, victim: 'agent', signal: 'SIGKILL', afterMs: 812.3 },
  longestFreezeMs: 320.4,
  ending,
  hurt: unhurt,
  falseClaims: [],
  ...(thawedAfterMs !== undefined && { thawedAfterMs }),
});
const good = [undisturbed, killed(1), killed(2, 3.14), killed(3, 9.06)];

test('the result line, field by field and in its order', () => {
  expect(JSON.stringify(reportOf(good, 'friday'))).toBe(
    '{"v":1,"kills":3,"leftFrozen":0,"leftLocked":0,"orphans":0,"thawAfterKillMs":{"p50":6.1,"max":9.1},"lyingGrades":0,"killsWhileFrozen":2,"longestFreezeMs":340,"seed":"friday"}',
  );
});

test('without a kill while frozen there is no time, and no zero for one', () => {
  expect(reportOf([killed(1)], 's').thawAfterKillMs).toEqual({ p50: null, max: null });
});

test('a run that was asked to end does so in order: its thaw is not counted among those after a death', () => {
  const asked: SoakedRun = {
    ...killed(4, 300),
    kill: { number: 4, victim: 'agent (SIGTERM)', signal: 'SIGTERM', afterMs: 700 },
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
  ['one thaw too late', [killed(1, 5), killed(2, 5), killed(3, 1_001)], false],
])('%s: unhurt is %3$s', (_, runs, expected) => {
  expect(isUnhurt(reportOf(runs, 's'))).toBe(expected);
});

test('the summary for people names what was complained of', () => {
  const runs = [...good, hurt({ leftFrozen: 1, complaints: ['/data is left frozen'] })];
  expect(summarize(runs, 'friday')).toMatchInlineSnapshot(`
    "agent                4 kills, 2 while frozen: thawed after 6.1 ms (median), 9.1 ms (most)
    process group        0 kills, 0 while frozen
    whole guard          0 kills, 0 while frozen
    one of the guard     0 kills, 0 while frozen
    agent (SIGTERM)      0 kills, 0 while frozen
    SIGKILL in all       4 kills, 2 while frozen: thawed after 6.1 ms (median), 9.1 ms (most)
    kill 4 of 4, agent after 812 ms; ended: SIGKILL
      /data is left frozen
    Left behind: 1 frozen file systems, 0 locked servers, 0 orphans; 0 runs lied.
    No write hung for longer than 340 ms.
    The host was hurt, or thawed too late: at most 100 ms after a kill at the median, 1000 ms in any case, and no freeze may last longer than 1400 ms (--seed friday).
    "
  `);
});
