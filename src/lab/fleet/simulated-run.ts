import * as v from 'valibot';
import { ERRORS, type ErrorCode } from '../../shared/errors.ts';
import { RunId } from '../../shared/ids.ts';
import { encodeResult, type Result } from '../../shared/result.ts';
import type { Ec2Snapshot } from '../aws/ec2/state.ts';
import type { LabTime } from '../aws/lab-time.ts';
import type { RunDocument, StepResult } from '../ssm-agent/run-document.ts';
import type { PlannedHost } from './plan-fleet.ts';
import { gradeLeft, printedResult } from './printed-result.ts';
import { simulatedSet } from './simulated-set.ts';

/** How long before its end a run takes its set. */
const BEFORE_THE_END_MS = 1_000;
/** A script that was killed ends with this status, which Systems Manager takes for a timeout. */
const KILLED = 137;
/** As much as a real run writes for people, so that outputs are as large as they are. */
const FOR_PEOPLE = 'run started; planned; proven; locked; frozen; taken; thawed; unlocked; graded\n'.repeat(12);

export interface SimulatedWorld {
  readonly time: LabTime;
  readonly putSnapshot: (snapshot: Ec2Snapshot) => void;
}

/** Runs the document on a host that is only planned: takes its time, leaves its set in EC2 and prints its result. */
export function simulatedRun(host: PlannedHost, { time, putSnapshot }: SimulatedWorld): RunDocument {
  return async (_host, { parameters }, signal) => {
    const run = v.parse(RunId, parameters['RunId']?.[0]);
    const startedAt = time.now();
    const step = (status: StepResult['status'], exitCode: number, stdout: string): StepResult[] => [
      {
        name: 'mysqlEbsSnapshot',
        plugin: 'aws:runShellScript',
        status,
        exitCode,
        stdout,
        stderr: FOR_PEOPLE,
        startedAt,
        endedAt: time.now(),
      },
    ];

    await time.sleep(host.runMs - BEFORE_THE_END_MS, signal);
    if (signal.aborted) return step('Cancelled', KILLED, '');
    const grade = gradeLeft(host.fate);
    if (grade !== undefined) for (const snapshot of simulatedSet(host, run, grade, time.now())) putSnapshot(snapshot);
    await time.sleep(BEFORE_THE_END_MS, signal);

    const printed = printedResult(host, run);
    if (printed === undefined) return step('TimedOut', KILLED, '');
    const exitCode = exitOf(printed);
    return step(exitCode === 0 ? 'Success' : 'Failed', exitCode, `${encodeResult(printed)}\n`);
  };
}

const exitOf = ({ code }: Result): number => (code === undefined ? 0 : ERRORS[code as ErrorCode].exit);
