import type { Level, SetLevel } from '../../shared/result.ts';
import type { ServerFacts, UsedMount } from '../discovery/facts.ts';
import { crashObstacles } from './preflight/crash/index.ts';
import type { Refusal } from './preflight/refusal.ts';

export interface DecidedLevel {
  readonly level: SetLevel;
  /** Where `crash` was asked for: every obligation that is not met. */
  readonly refusals: readonly Refusal[];
  /** Where `auto` came to `application`: the same, in words. */
  readonly notCrashBecause: readonly string[];
}

/** What is done of what was asked for. `crash` is only what is proven to recover exactly. */
export function decideLevel(asked: Level, server: ServerFacts, mounts: readonly UsedMount[] = []): DecidedLevel {
  if (asked === 'application') return { level: 'application', refusals: [], notCrashBecause: [] };
  const obstacles = crashObstacles(server, mounts);
  if (asked === 'crash' || obstacles.length === 0) return { level: 'crash', refusals: obstacles, notCrashBecause: [] };
  return { level: 'application', refusals: [], notCrashBecause: obstacles.map(({ message }) => message) };
}
