import { median } from '../median.ts';
import type { Ending } from '../standing/agent-run.ts';
import type { Hurt } from './aftermath.ts';
import { API_LATENCY_MS } from './spread.ts';
import type { Stopped } from './stop-plan.ts';
import { VICTIMS, type Victim, type VictimName } from './victims.ts';

/** What a run met, and when: milliseconds from its start. */
export type Met =
  | {
      readonly kind: 'kill';
      readonly number: number;
      readonly victim: VictimName;
      readonly signal: Victim['signal'];
      readonly afterMs: number;
      /** From a signal that landed while file systems were frozen to their thaw, in milliseconds. */
      readonly thawedAfterMs?: number;
    }
  | {
      readonly kind: 'stop';
      readonly number: number;
      readonly whom: Stopped;
      readonly afterMs: number;
      /** From the stop to the moment when commits ran, in milliseconds. */
      readonly heldMs: number;
    }
  | {
      readonly kind: 'change';
      readonly number: number;
      /** For people. */
      readonly what: string;
      readonly afterMs: number;
      /** It was made before the run had unlocked the server, or had given up. */
      readonly isInTime: boolean;
    };

/** One run of the agent: what it met, and what was seen after it. */
export interface SoakedRun {
  /** Absent where the run was left to itself. */
  readonly met?: Met;
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
  /** The longest that a file system took no writes in any run that was not stopped, in milliseconds. */
  readonly longestFreezeMs: number;
  readonly seed: string;
  readonly stops: number;
  /** From a stop to the moment when commits ran, over the stops that landed while commits waited; null where none did. */
  readonly longestLockAfterStopMs: number | null;
  readonly changes: number;
  /** Of the runs during which a change was made: those that ended with a good set, and those that refused or failed. */
  readonly changedSets: { readonly good: number; readonly notGood: number };
}

/** What the thaw may take after a kill, in milliseconds. */
const THAW_LIMITS = { p50: 100, max: 1_000 } as const;
/** What any freeze may take: one that begins only after the kill must not wait for the dead either. */
const FREEZE_LIMIT_MS = API_LATENCY_MS.most + THAW_LIMITS.max;
/** A commit that goes through sooner has not waited for the lock of an agent that is stopped. */
const WAITED_MS = 1_000;
/** What a lock may last after its agent was stopped: a statement that is under way (3 s), and 12 s without another. */
const LOCK_AFTER_STOP_LIMIT_MS = 15_000;

export function reportOf(runs: readonly SoakedRun[], seed: string): SoakReport {
  const sum = (count: (hurt: Hurt) => number) => runs.reduce((total, { hurt }) => total + count(hurt), 0);
  // After SIGTERM nobody is dead: the agent ends its window in order, when EC2 has answered.
  const kills = killsOf(runs);
  const thaws = thawTimes(kills.filter(({ signal }) => signal === 'SIGKILL'));
  const stops = stopsOf(runs);
  const locks = stops.map(({ heldMs }) => heldMs).filter((heldMs) => heldMs > WAITED_MS);
  const changed = runs.filter(({ met }) => met?.kind === 'change' && met.isInTime);
  const unstopped = runs.filter(({ met }) => met?.kind !== 'stop');
  return {
    v: 1,
    kills: kills.length,
    leftFrozen: sum((hurt) => hurt.leftFrozen),
    leftLocked: sum((hurt) => hurt.leftLocked),
    orphans: sum((hurt) => hurt.orphans),
    thawAfterKillMs: {
      p50: thaws.length > 0 ? oneDecimal(median(thaws)) : null,
      max: thaws.length > 0 ? oneDecimal(Math.max(...thaws)) : null,
    },
    lyingGrades: runs.filter(({ falseClaims }) => falseClaims.length > 0).length,
    killsWhileFrozen: thaws.length,
    longestFreezeMs: Math.round(Math.max(0, ...unstopped.map((run) => run.longestFreezeMs))),
    seed,
    stops: stops.length,
    longestLockAfterStopMs: locks.length > 0 ? Math.round(Math.max(...locks)) : null,
    changes: runs.filter(({ met }) => met?.kind === 'change').length,
    changedSets: { good: changed.filter(isGood).length, notGood: changed.filter((run) => !isGood(run)).length },
  };
}

/** Whether no host was hurt, no run lied, and every thaw and every release came soon enough. */
export function isUnhurt(report: SoakReport): boolean {
  const { leftFrozen, leftLocked, orphans, lyingGrades } = report;
  const { p50, max } = report.thawAfterKillMs;
  const isSoon = (p50 ?? 0) <= THAW_LIMITS.p50 && (max ?? 0) <= THAW_LIMITS.max;
  const isBounded =
    report.longestFreezeMs <= FREEZE_LIMIT_MS && (report.longestLockAfterStopMs ?? 0) <= LOCK_AFTER_STOP_LIMIT_MS;
  return leftFrozen + leftLocked + orphans + lyingGrades === 0 && isSoon && isBounded;
}

/** For people: a line a victim, what was complained of, and what all of it comes to. */
export function summarize(runs: readonly SoakedRun[], seed: string): string {
  const report = reportOf(runs, seed);
  const { leftFrozen, leftLocked, orphans, lyingGrades, longestLockAfterStopMs: lockMs } = report;
  const { good, notGood } = report.changedSets;
  const all = killsOf(runs);
  const row = (name: string, some: readonly Kill[]) =>
    `${name.padEnd(16)} ${String(some.length).padStart(5)} kills, ${thawsInWords(thawTimes(some))}`;
  return [
    ...VICTIMS.map((victim) =>
      row(
        victim,
        all.filter((kill) => kill.victim === victim),
      ),
    ),
    row(
      'SIGKILL in all',
      all.filter(({ signal }) => signal === 'SIGKILL'),
    ),
    `${'agent, stopped'.padEnd(16)} ${String(report.stops).padStart(5)} stops, ${
      lockMs === null ? '0 while commits waited' : `commits waited for ${lockMs} ms (most)`
    }`,
    `${'world, changed'.padEnd(16)} ${String(report.changes).padStart(5)} changes; of the runs that met one in time ${good} were good, ${notGood} were not`,
    ...runs.filter((run) => complaintsOf(run).length > 0).map((run) => describeRun(run, report.kills)),
    `Left behind: ${leftFrozen} frozen file systems, ${leftLocked} locked servers, ${orphans} orphans; ${lyingGrades} runs lied.`,
    `No write hung for longer than ${report.longestFreezeMs} ms.`,
    isUnhurt(report)
      ? `The host was never hurt (--seed ${seed}).`
      : `The host was hurt, or released too late: thawed at most ${THAW_LIMITS.p50} ms after a kill at the median, ` +
        `${THAW_LIMITS.max} ms in any case; no freeze may last longer than ${FREEZE_LIMIT_MS} ms, and no lock longer than ` +
        `${LOCK_AFTER_STOP_LIMIT_MS} ms after a stop (--seed ${seed}).`,
    '',
  ].join('\n');
}

/** A run in a line, with what was complained of below it. */
export function describeRun(run: SoakedRun, kills: number): string {
  const { status, signal, result } = run.ending;
  const end = signal ?? `${status} ${result?.code ?? result?.outcome ?? '(no result)'}`;
  return [`${describeMet(run.met, kills)}; ended: ${end}`, ...complaintsOf(run).map((each) => `  ${each}`)].join('\n');
}

function describeMet(met: Met | undefined, kills: number): string {
  const after = `after ${Math.round(met?.afterMs ?? 0)} ms`;
  switch (met?.kind) {
    case undefined:
      return 'left to itself';
    case 'kill': {
      const { number, victim, thawedAfterMs } = met;
      const thaw = thawedAfterMs === undefined ? '' : `; was frozen, thawed after ${oneDecimal(thawedAfterMs)} ms`;
      return `kill ${number} of ${kills}, ${victim} ${after}${thaw}`;
    }
    case 'stop':
      return `stop ${met.number}, ${met.whom} ${after}; commits ran after ${oneDecimal(met.heldMs)} ms`;
    case 'change':
      return `change ${met.number}, ${met.what} ${after}${met.isInTime ? '' : ', but made after the unlock'}`;
  }
}

function complaintsOf({ met, hurt, falseClaims, longestFreezeMs }: SoakedRun): readonly string[] {
  const complaints = [...hurt.complaints, ...falseClaims];
  if (met?.kind === 'stop') {
    if (met.heldMs > LOCK_AFTER_STOP_LIMIT_MS) complaints.push(`the lock lasted for ${Math.round(met.heldMs)} ms`);
  } else if (longestFreezeMs > FREEZE_LIMIT_MS) complaints.push(`a write hung for ${Math.round(longestFreezeMs)} ms`);
  return complaints;
}

const isGood = ({ ending }: SoakedRun): boolean => ending.result?.outcome === 'done';

type Kill = Extract<Met, { kind: 'kill' }>;
type Stop = Extract<Met, { kind: 'stop' }>;

const killsOf = (runs: readonly SoakedRun[]): readonly Kill[] =>
  runs.flatMap(({ met }) => (met?.kind === 'kill' ? [met] : []));

const stopsOf = (runs: readonly SoakedRun[]): readonly Stop[] =>
  runs.flatMap(({ met }) => (met?.kind === 'stop' ? [met] : []));

const thawTimes = (kills: readonly Kill[]): readonly number[] =>
  kills.flatMap(({ thawedAfterMs }) => thawedAfterMs ?? []);

const thawsInWords = (thaws: readonly number[]): string =>
  thaws.length === 0
    ? '0 while frozen'
    : `${thaws.length} while frozen: thawed after ${oneDecimal(median(thaws))} ms (median), ${oneDecimal(Math.max(...thaws))} ms (most)`;

const oneDecimal = (value: number): number => Math.round(value * 10) / 10;
