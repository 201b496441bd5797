import { median } from '../median.ts';
import type { Ending } from '../standing/agent-run.ts';
import type { Hurt } from './aftermath.ts';
import { API_LATENCY_MS } from './kill-plan.ts';
import { VICTIMS, type Victim, type VictimName } from './victims.ts';

/** One run of the agent: whether and how it was killed, and what was seen after it. */
export interface SoakedRun {
  /** Absent where the run was left to itself. */
  readonly kill?: {
    readonly number: number;
    readonly victim: VictimName;
    readonly signal: Victim['signal'];
    readonly afterMs: number;
  };
  /** From a signal that landed while file systems were frozen to their thaw, in milliseconds. */
  readonly thawedAfterMs?: number;
  /** The longest that a file system took no writes, whatever the reason, in milliseconds. */
  readonly longestFreezeMs: number;
  readonly ending: Ending;
  readonly hurt: Hurt;
  readonly falseClaims: readonly string[];
}

/** The last line of `soak --json`. */
export interface SoakReport {
  readonly v: 1;
  readonly kills: number;
  readonly leftFrozen: number;
  readonly leftLocked: number;
  readonly orphans: number;
  /** Milliseconds, over the SIGKILLs that landed while file systems were frozen; null where none did. */
  readonly thawAfterKillMs: { readonly p50: number | null; readonly max: number | null };
  /** Runs whose grade, result or exit status was not true. */
  readonly lyingGrades: number;
  readonly killsWhileFrozen: number;
  /** The longest that a file system took no writes in any run, in milliseconds. */
  readonly longestFreezeMs: number;
  readonly seed: string;
}

/** What the thaw may take after a kill, in milliseconds. */
const THAW_LIMITS = { p50: 100, max: 1_000 } as const;
/** What any freeze may take: one that begins only after the kill must not wait for the dead either. */
const FREEZE_LIMIT_MS = API_LATENCY_MS.most + THAW_LIMITS.max;

export function reportOf(runs: readonly SoakedRun[], seed: string): SoakReport {
  const sum = (count: (hurt: Hurt) => number) => runs.reduce((total, { hurt }) => total + count(hurt), 0);
  // After SIGTERM nobody is dead: the agent ends its window in order, when EC2 has answered.
  const thaws = thawTimes(runs.filter(({ kill }) => kill?.signal === 'SIGKILL'));
  return {
    v: 1,
    kills: runs.filter(({ kill }) => kill).length,
    leftFrozen: sum((hurt) => hurt.leftFrozen),
    leftLocked: sum((hurt) => hurt.leftLocked),
    orphans: sum((hurt) => hurt.orphans),
    thawAfterKillMs: {
      p50: thaws.length > 0 ? oneDecimal(median(thaws)) : null,
      max: thaws.length > 0 ? oneDecimal(Math.max(...thaws)) : null,
    },
    lyingGrades: runs.filter(({ falseClaims }) => falseClaims.length > 0).length,
    killsWhileFrozen: thaws.length,
    longestFreezeMs: Math.round(Math.max(0, ...runs.map((run) => run.longestFreezeMs))),
    seed,
  };
}

/** Whether no host was hurt, no run lied, and every thaw came soon enough. */
export function isUnhurt(report: SoakReport): boolean {
  const { leftFrozen, leftLocked, orphans, lyingGrades } = report;
  const { p50, max } = report.thawAfterKillMs;
  const isSoon = (p50 ?? 0) <= THAW_LIMITS.p50 && (max ?? 0) <= THAW_LIMITS.max;
  return leftFrozen + leftLocked + orphans + lyingGrades === 0 && isSoon && report.longestFreezeMs <= FREEZE_LIMIT_MS;
}

/** For people: a line a victim, what was complained of, and what all of it comes to. */
export function summarize(runs: readonly SoakedRun[], seed: string): string {
  const report = reportOf(runs, seed);
  const { kills, leftFrozen, leftLocked, orphans, lyingGrades } = report;
  const row = (name: string, some: readonly SoakedRun[]) =>
    `${name.padEnd(16)} ${String(some.length).padStart(5)} kills, ${thawsInWords(thawTimes(some))}`;
  return [
    ...VICTIMS.map((victim) =>
      row(
        victim,
        runs.filter(({ kill }) => kill?.victim === victim),
      ),
    ),
    row(
      'SIGKILL in all',
      runs.filter(({ kill }) => kill?.signal === 'SIGKILL'),
    ),
    ...runs.filter((run) => complaintsOf(run).length > 0).map((run) => describeRun(run, kills)),
    `Left behind: ${leftFrozen} frozen file systems, ${leftLocked} locked servers, ${orphans} orphans; ${lyingGrades} runs lied.`,
    `No write hung for longer than ${report.longestFreezeMs} ms.`,
    isUnhurt(report)
      ? `The host was never hurt (--seed ${seed}).`
      : `The host was hurt, or thawed too late: at most ${THAW_LIMITS.p50} ms after a kill at the median, ${THAW_LIMITS.max} ms in ` +
        `any case, and no freeze may last longer than ${FREEZE_LIMIT_MS} ms (--seed ${seed}).`,
    '',
  ].join('\n');
}

/** A run in a line, with what was complained of below it. */
export function describeRun(run: SoakedRun, kills: number): string {
  const { kill, thawedAfterMs, ending } = run;
  const { status, signal, result } = ending;
  const how = kill
    ? `kill ${kill.number} of ${kills}, ${kill.victim} after ${Math.round(kill.afterMs)} ms`
    : 'left to itself';
  const thaw = thawedAfterMs === undefined ? '' : `; was frozen, thawed after ${oneDecimal(thawedAfterMs)} ms`;
  const end = signal ?? `${status} ${result?.code ?? result?.outcome ?? '(no result)'}`;
  return [`${how}${thaw}; ended: ${end}`, ...complaintsOf(run).map((complaint) => `  ${complaint}`)].join('\n');
}

const complaintsOf = ({ hurt, falseClaims, longestFreezeMs }: SoakedRun): readonly string[] => [
  ...hurt.complaints,
  ...falseClaims,
  ...(longestFreezeMs > FREEZE_LIMIT_MS ? [`a write hung for ${Math.round(longestFreezeMs)} ms`] : []),
];

const thawTimes = (runs: readonly SoakedRun[]): readonly number[] =>
  runs.flatMap(({ thawedAfterMs }) => thawedAfterMs ?? []);

const thawsInWords = (thaws: readonly number[]): string =>
  thaws.length === 0
    ? '0 while frozen'
    : `${thaws.length} while frozen: thawed after ${oneDecimal(median(thaws))} ms (median), ${oneDecimal(Math.max(...thaws))} ms (most)`;

const oneDecimal = (value: number): number => Math.round(value * 10) / 10;
