import * as v from 'valibot';
import { judgeReport, Report } from '../../src/lab/fleet/judge-report.ts';
import type { PlannedHost } from '../../src/lab/fleet/plan-fleet.ts';
import { startSimulatedFleet } from '../../src/lab/fleet/simulated-fleet.ts';
import { ERRORS } from '../../src/shared/errors.ts';
import { RunId } from '../../src/shared/ids.ts';
import { type CallCounts, countCalls } from './count-calls.ts';
import { type ControllerRun, runControllerProcess } from './run-controller-process.ts';

const RUN = v.parse(RunId, 'fleet-bench');

/** One run over the fleet, as a user would order it. A twenty-fifth of the hosts at a time makes it last ten minutes. */
const SNAPSHOT = [
  'snapshot',
  '--json',
  ...['--target', 'tag:Role=database'],
  ...['--max-concurrency', '4%'],
  ...['--until', 'completed'],
  ...['--run-id', RUN],
];

export interface Measurement {
  readonly hosts: number;
  readonly calls: CallCounts;
  /** What the report says wrongly, or leaves out. */
  readonly wrong: readonly string[];
  readonly peakBytes: number;
  /** Real seconds of the controller's run, and those that passed for it. */
  readonly seconds: number;
  readonly simulatedSeconds: number;
  readonly lastWords: readonly string[];
}

/** Runs the bundled controller over a simulated fleet, and judges what it says. */
export async function measureFleet(hosts: number, seed: string, controller: string): Promise<Measurement> {
  await using fleet = await startSimulatedFleet(hosts, seed);
  const installed = await runControllerProcess(controller, ['documents', 'install'], fleet.aws, 'installer');
  if (installed.status !== 0) throw new Error(`documents install ended with ${installed.status}: ${installed.stderr}`);

  const [startedAt, firstCall] = [fleet.time.now(), fleet.aws.calls.length];
  const run = await runControllerProcess(controller, SNAPSHOT, fleet.aws, 'operator');
  const { peakBytes, seconds, stderr } = run;
  return {
    hosts,
    calls: countCalls(fleet.aws.calls.slice(firstCall)),
    wrong: judge(fleet.plan, run),
    peakBytes,
    seconds,
    simulatedSeconds: (fleet.time.now() - startedAt) / 1000,
    lastWords: stderr.trimEnd().split('\n').slice(-3),
  };
}

function judge(plan: readonly PlannedHost[], { stdout, status }: ControllerRun): readonly string[] {
  const report = v.safeParse(Report, parseJson(stdout.trimEnd().split('\n').at(-1) ?? ''));
  if (!report.success) return [`the controller ends with status ${status} and no report`];
  const due = ERRORS['host-unsafe'].exit;
  return [
    ...(status === due ? [] : [`the controller ends with status ${status}, not ${due}`]),
    ...judgeReport(plan, RUN, report.output),
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
