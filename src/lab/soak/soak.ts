import { RunError } from '../../shared/errors.ts';
import { BEYOND_THE_SET, FULL_SWING } from '../load/write-load.ts';
import { startAgent } from '../standing/agent-run.ts';
import type { Say, StandingLab } from '../standing/standing-lab.ts';
import { lookAfter } from './aftermath.ts';
import type { CaptureWitness } from './capture-witness.ts';
import { needsBytes } from './change.ts';
import { evidenceOf } from './evidence.ts';
import { falseClaims } from './false-claims.ts';
import { monotonicMs } from './monotonic.ts';
import { describeRun, type SoakedRun } from './report.ts';
import { planSoak } from './soak-plan.ts';
import { prepareHost, type SoakedHost } from './soaked-host.ts';
import { strikeInTime, type TimedStrike } from './strike.ts';
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

/**
 * Kills and stops the agent, and changes the world around it, at random moments under write load, and looks at the host
 * after each run.
 */
export async function soak(
  lab: StandingLab,
  witness: CaptureWitness,
  options: SoakOptions,
  say: Say,
): Promise<readonly SoakedRun[]> {
  using soaked = await prepareHost(lab, witness, options.program);
  await soaked.load.hasDone(FULL_SWING);
  say(
    `A hostile write load runs. ${options.kills} kills, stops and changes on top of them, drawn by --seed ${options.seed}.`,
  );

  const runs: SoakedRun[] = [];
  const perform: Perform = async (apiLatencyMs, strike) => {
    lab.aws.behave({ latencyMs: { CreateSnapshots: apiLatencyMs } });
    const run = await oneRun(soaked, runs.length + 1, strike);
    runs.push(run);
    say(describeRun(run, options.kills));
    return run;
  };
  let restMs: number | undefined;
  for (const [index, strike] of planSoak(
    options.seed,
    options.kills,
    soaked.host.server.distribution.flavour.name,
  ).entries()) {
    if (index % STRIKES_A_MEASURE === 0) restMs = undefined;
    for (let isDone = false; !isDone; ) {
      restMs ??= await measure(perform);
      const runMs = restMs + strike.apiLatencyMs;
      isDone = (await perform(strike.apiLatencyMs, { ...strike, runMs })).met !== undefined;
      // It was over before its moment came.
      if (!isDone) restMs = undefined;
    }
  }
  await soaked.load.hasDone(BEYOND_THE_SET);
  return runs;
}

/** Performs a run and keeps what was seen of it; without a strike it is left to itself. */
type Perform = (apiLatencyMs: number, strike?: TimedStrike) => Promise<SoakedRun>;

/** How long an undisturbed run takes, less what EC2 takes of it. Throws RunError `soak-failed` where none is done. */
async function measure(perform: Perform): Promise<number> {
  for (let tries = 0; tries < MEASURE_TRIES; tries += 1) {
    const { ending } = await perform(MEASURED_API_LATENCY_MS);
    if (ending.result?.outcome === 'done') return ending.ms - MEASURED_API_LATENCY_MS;
  }
  throw new RunError('soak-failed', `${MEASURE_TRIES} undisturbed runs were not done`);
}

/** One run of the agent, struck or not, and everything that is to be seen after it. */
async function oneRun(soaked: SoakedHost, number: number, planned?: TimedStrike): Promise<SoakedRun> {
  const { lab, host, load, witness } = soaked;
  const began = { at: monotonicMs(), wall: Date.now() };
  witness.keepsBytes = planned?.kind === 'change' && needsBytes(planned.change);
  const run = startAgent(lab, host, `soak-${number}`);
  await using strike = planned && (await strikeInTime(soaked, run, number, planned));
  // An agent that does not end is left for the look at the host, which counts and ends it.
  await within(AGENT_MS, run.ended, lab.shell.signal);
  const hurt = await lookAfter(soaked);
  const ending = await run.ended;
  await strike?.marks?.stop();
  const evidence = await evidenceOf(soaked, run, ending, strike?.marks);
  const met = await strike?.seen(gradedAt(lab, began.wall));
  const freezes = await Promise.all(soaked.sentinels.map((sentinel) => sentinel.longestWriteSince(began.at)));
  await load.hasDone({ ledger_innodb: 1, ledger_myisam: 1 });
  return {
    ...(met && { met }),
    longestFreezeMs: Math.max(...freezes),
    ending,
    hurt,
    falseClaims: falseClaims(evidence),
  };
}

/**
 * When a run that began at a time set its grade, right after its unlock: as EC2 saw it, in milliseconds of the wall clock;
 * `undefined` where it set none.
 */
function gradedAt({ aws }: StandingLab, began: number): number | undefined {
  const times = aws.calls.filter(({ action }) => action === 'CreateTags').map(({ at }) => Date.parse(at));
  return times.find((at) => at >= began);
}
