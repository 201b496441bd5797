import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../../shared/errors.ts';
import type { SetLevel } from '../../shared/result.ts';
import { LEDGERS, TRANSACTIONAL_LEDGERS } from '../load/ledger.ts';
import { FULL_SWING, startLoad } from '../load/write-load.ts';
import { startAgent } from '../standing/agent-run.ts';
import type { Say, StandingLab } from '../standing/standing-lab.ts';
import { type Stretch, type StretchOfLoad, stretchesOf } from './stretch.ts';

export interface DisturbOptions {
  /** The lab's own bundle. */
  readonly program: string;
  readonly level: SetLevel;
  readonly rounds: number;
}

/** Long enough for a whole run, and for every kind of hostility of the load. */
const STRETCH_MS = 4_000;
const NAMES = { with: 'with a set', without: 'without' } as const;

/**
 * In each round a stretch with a set and one without, in turn, on one host under the hostile load. Answers the commits'
 * longest times. Throws RunError `rehearsal-failed` where a set is not taken.
 */
export async function disturb(
  lab: StandingLab,
  { program, level, rounds }: DisturbOptions,
  say: Say,
): Promise<readonly StretchOfLoad[]> {
  const { shell, hosts } = lab;
  const [host] = hosts;
  if (!host) throw new RunError('bug', 'there is nobody to disturb');
  const ledgers = level === 'crash' ? TRANSACTIONAL_LEDGERS : LEDGERS;
  const load = await startLoad(shell, program, host.server.socket, ledgers);
  await load.hasDone(FULL_SWING);

  const stretches: Stretch[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    // Who comes first changes, so that neither always follows the other.
    for (const kind of round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
      const from = now();
      const over = sleep(STRETCH_MS, undefined, { signal: shell.signal });
      if (kind === 'with') await takeSet(lab, host, `disturb-${round}`, level);
      await over;
      stretches.push({ kind, from, to: now() });
    }
    say(`Round ${round} of ${rounds}: a stretch ${NAMES.with}, and one ${NAMES.without}.`);
  }
  return stretchesOf(stretches, await load.stop());
}

async function takeSet(lab: StandingLab, host: StandingLab['hosts'][number], run: string, level: SetLevel) {
  const { result } = await startAgent(lab, host, run, ['--level', level]).ended;
  if (result?.outcome === 'done' && result.grade === level) return;
  throw new RunError(
    'rehearsal-failed',
    `the run ${run} ended ${result?.outcome ?? 'without a result'}: ${result?.message}`,
  );
}

/** By the clock of the load's commits. */
const now = () => performance.timeOrigin + performance.now();
