import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../../shared/errors.ts';
import { BEYOND_THE_SET, FULL_SWING } from '../load/write-load.ts';
import { type AgentRun, startAgent } from '../standing/agent-run.ts';
import type { Say, StandingLab } from '../standing/standing-lab.ts';
import { lookAfter } from './aftermath.ts';
import type { CaptureWitness } from './capture-witness.ts';
import { evidenceOf } from './evidence.ts';
import { falseClaims } from './false-claims.ts';
import { killNow, thawedAfterMs } from './kill.ts';
import { monotonicMs } from './monotonic.ts';
import { describeRun, type Met, type SoakedRun } from './report.ts';
import { type PlannedStrike, planSoak } from './soak-plan.ts';
import { prepareHost, type SoakedHost } from './soaked-host.ts';
import { stopUntilReleased } from './stop.ts';
import { within } from './waiting.ts';

export interface SoakOptions {
  readonly kills: number;
  readonly seed: string;
  /** The lab's own bundle. */
  readonly program: string;
}

/** How many strikes go by the duration of one undisturbed run: under load it changes. */
const STRIKES_A_MEASURE = 20;
const MEASURE_TRIES = 5;
const MEASURED_API_LATENCY_MS = 300;
/** The longest that an agent may go on after what was not its own death: three tries for the lock, look-ups in EC2. */
const AGENT_MS = 90_000;

/** Kills and stops the agent at random moments under write load, and looks at the host after each run. */
export async function soak(
  lab: StandingLab,
  witness: CaptureWitness,
  options: SoakOptions,
  say: Say,
): Promise<readonly SoakedRun[]> {
  using soaked = await prepareHost(lab, witness, options.program);
  await soaked.load.hasDone(FULL_SWING);
  say(`A hostile write load runs. ${options.kills} kills, and stops on top of them, drawn by --seed ${options.seed}.`);

  const runs: SoakedRun[] = [];
  const perform: Perform = async (apiLatencyMs, strike) => {
    lab.aws.behave({ latencyMs: { CreateSnapshots: apiLatencyMs } });
    const run = await oneRun(soaked, `soak-${runs.length + 1}`, strike);
    runs.push(run);
    say(describeRun(run, options.kills));
    return run;
  };
  let restMs: number | undefined;
  for (const [index, strike] of planSoak(options.seed, options.kills).entries()) {
    if (index % STRIKES_A_MEASURE === 0) restMs = undefined;
    for (let isDone = false; !isDone; ) {
      restMs ??= await measure(perform);
      const afterMs = strike.moment * (restMs + strike.apiLatencyMs);
      isDone = (await perform(strike.apiLatencyMs, { ...strike, afterMs })).met !== undefined;
      // It was over before its moment came.
      if (!isDone) restMs = undefined;
    }
  }
  await soaked.load.hasDone(BEYOND_THE_SET);
  return runs;
}

/** A planned strike with its time: milliseconds from the start of the run. */
type Timed = PlannedStrike & { readonly afterMs: number };

/** Performs a run and keeps what was seen of it; without a strike it is left to itself. */
type Perform = (apiLatencyMs: number, strike?: Timed) => Promise<SoakedRun>;

/** How long an undisturbed run takes, less what EC2 takes of it. Throws RunError `soak-failed` where none is done. */
async function measure(perform: Perform): Promise<number> {
  for (let tries = 0; tries < MEASURE_TRIES; tries += 1) {
    const { ending } = await perform(MEASURED_API_LATENCY_MS);
    if (ending.result?.outcome === 'done') return ending.ms - MEASURED_API_LATENCY_MS;
  }
  throw new RunError('soak-failed', `${MEASURE_TRIES} undisturbed runs were not done`);
}

/** One run of the agent, struck or not, and everything that is to be seen after it. */
async function oneRun(soaked: SoakedHost, runId: string, planned?: Timed): Promise<SoakedRun> {
  const { lab, host, load } = soaked;
  const began = monotonicMs();
  const run = startAgent(lab, host, runId);
  const strike = planned && (await strikeInTime(soaked, run, planned));
  // Whatever it fails of, the look at the host fails of as well.
  strike?.met.catch(() => undefined);
  // An agent that does not end is left for the look at the host, which counts and ends it.
  await within(AGENT_MS, run.ended, lab.shell.signal);
  const hurt = await lookAfter(soaked);
  const ending = await run.ended;
  const met = await strike?.met;
  const freezes = await Promise.all(soaked.sentinels.map((sentinel) => sentinel.longestWriteSince(began)));
  await load.hasDone({ ledger_innodb: 1, ledger_myisam: 1 });
  return {
    ...(met && { met }),
    longestFreezeMs: Math.max(...freezes),
    ending,
    hurt,
    falseClaims: falseClaims(await evidenceOf(soaked, run, ending)),
  };
}

/** A strike that was done; what is known of it may be known only when the run is over. */
interface Strike {
  readonly met: Promise<Met>;
}

/** Waits for the moment of the strike; `undefined` where the run was over before. */
async function strikeInTime(soaked: SoakedHost, run: AgentRun, planned: Timed): Promise<Strike | undefined> {
  const { afterMs, number } = planned;
  await Promise.race([sleep(afterMs, undefined, { signal: soaked.lab.shell.signal }), run.ended]);
  if (run.hasEnded()) return undefined;
  switch (planned.kind) {
    case 'kill': {
      const kill = killNow(soaked, run, planned);
      const { name: victim, signal } = kill.victim;
      const met = async (): Promise<Met> => {
        const thawMs = await thawedAfterMs(kill);
        return {
          kind: 'kill',
          number,
          victim,
          signal,
          afterMs,
          ...(thawMs !== undefined && { thawedAfterMs: thawMs }),
        };
      };
      return { met: met() };
    }
    case 'stop': {
      const heldMs = await stopUntilReleased(soaked, run, planned);
      return { met: Promise.resolve({ kind: 'stop', number, whom: planned.whom, afterMs, heldMs }) };
    }
  }
}
