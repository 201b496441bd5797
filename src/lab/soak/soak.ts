import { RunError } from '../../shared/errors.ts';
import { BEYOND_THE_SET, FULL_SWING } from '../load/write-load.ts';
import { startAgent } from '../standing/agent-run.ts';
import type { Say, StandingLab } from '../standing/standing-lab.ts';
import { lookAfter } from './aftermath.ts';
import type { CaptureWitness } from './capture-witness.ts';
import { evidenceOf } from './evidence.ts';
import { falseClaims } from './false-claims.ts';
import { type PlannedKill, planKills } from './kill-plan.ts';
import { monotonicMs } from './monotonic.ts';
import { describeRun, type SoakedRun } from './report.ts';
import { prepareHost, type SoakedHost } from './soaked-host.ts';
import { strikeAfter, thawedAfterMs } from './strike.ts';
import { within } from './waiting.ts';

export interface SoakOptions {
  readonly kills: number;
  readonly seed: string;
  /** The lab's own bundle. */
  readonly program: string;
}

/** How many kills go by the duration of one undisturbed run: under load it changes. */
const KILLS_A_MEASURE = 20;
const MEASURE_TRIES = 5;
const MEASURED_API_LATENCY_MS = 300;
/** The longest that an agent may go on after a kill that was not its own: three tries for the lock, look-ups in EC2. */
const AGENT_MS = 90_000;

/** Kills the agent at random moments under write load, and looks at the host after each kill. */
export async function soak(
  lab: StandingLab,
  witness: CaptureWitness,
  options: SoakOptions,
  say: Say,
): Promise<readonly SoakedRun[]> {
  using soaked = await prepareHost(lab, witness, options.program);
  await soaked.load.hasDone(FULL_SWING);
  say(`A hostile write load runs. ${options.kills} kills, drawn by --seed ${options.seed}.`);

  const runs: SoakedRun[] = [];
  const perform: Perform = async (apiLatencyMs, kill) => {
    lab.aws.behave({ latencyMs: { CreateSnapshots: apiLatencyMs } });
    const run = await oneRun(soaked, `soak-${runs.length + 1}`, kill);
    runs.push(run);
    say(describeRun(run, options.kills));
    return run;
  };
  let restMs: number | undefined;
  for (const kill of planKills(options.seed, options.kills)) {
    if (kill.number % KILLS_A_MEASURE === 1) restMs = undefined;
    for (let isDone = false; !isDone; ) {
      restMs ??= await measure(perform);
      const afterMs = kill.moment * (restMs + kill.apiLatencyMs);
      isDone = (await perform(kill.apiLatencyMs, { ...kill, afterMs })).kill !== undefined;
      // It was over before its kill came.
      if (!isDone) restMs = undefined;
    }
  }
  await soaked.load.hasDone(BEYOND_THE_SET);
  return runs;
}

/** A planned kill with its time: milliseconds from the start of the run. */
type TimedKill = PlannedKill & { readonly afterMs: number };

/** Performs a run and keeps what was seen of it; without a kill it is left to itself. */
type Perform = (apiLatencyMs: number, kill?: TimedKill) => Promise<SoakedRun>;

/** How long an undisturbed run takes, less what EC2 takes of it. Throws RunError `soak-failed` where none is done. */
async function measure(perform: Perform): Promise<number> {
  for (let tries = 0; tries < MEASURE_TRIES; tries += 1) {
    const { ending } = await perform(MEASURED_API_LATENCY_MS);
    if (ending.result?.outcome === 'done') return ending.ms - MEASURED_API_LATENCY_MS;
  }
  throw new RunError('soak-failed', `${MEASURE_TRIES} undisturbed runs were not done`);
}

/** One run of the agent, killed or not, and everything that is to be seen after it. */
async function oneRun(soaked: SoakedHost, runId: string, kill?: TimedKill): Promise<SoakedRun> {
  const { lab, host, load } = soaked;
  const began = monotonicMs();
  const run = startAgent(lab, host, runId);
  const strike = kill && (await strikeAfter(kill.afterMs, soaked, run, kill));
  const thawed = strike && thawedAfterMs(strike);
  // Whatever it fails of, the look at the host fails of as well.
  thawed?.catch(() => undefined);
  // An agent that does not end is left for the look at the host, which counts and ends it.
  await within(AGENT_MS, run.ended, lab.shell.signal);
  const hurt = await lookAfter(soaked);
  const ending = await run.ended;
  const thawedAfter = await thawed;
  const freezes = await Promise.all(soaked.sentinels.map((sentinel) => sentinel.longestWriteSince(began)));
  await load.hasDone({ ledger_innodb: 1, ledger_myisam: 1 });
  return {
    ...(kill &&
      strike && {
        kill: { number: kill.number, victim: strike.victim.name, signal: strike.victim.signal, afterMs: kill.afterMs },
      }),
    ...(thawedAfter !== undefined && { thawedAfterMs: thawedAfter }),
    longestFreezeMs: Math.max(...freezes),
    ending,
    hurt,
    falseClaims: falseClaims(await evidenceOf(soaked, run, ending)),
  };
}
