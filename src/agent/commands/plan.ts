import { ERRORS } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { printable } from '../../shared/printable.ts';
import { encodeResult } from '../../shared/result.ts';
import { readCaptureFile } from '../adapters/capture-file.ts';
import type { Readers } from '../adapters/capture-recorder.ts';
import { replayCapture } from '../adapters/capture-replayer.ts';
import { clock } from '../adapters/clock.ts';
import { SdkEc2 } from '../adapters/ec2.ts';
import { hostReader } from '../adapters/host-reader.ts';
import { identify } from '../adapters/identity.ts';
import { processes } from '../adapters/processes.ts';
import { isRunUnderWay } from '../adapters/run-lock.ts';
import { takeWriterLock as takeLockOfWriters } from '../adapters/writer-lock.ts';
import { discover } from '../discovery/discover.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import { describeServer, type Planned, planSnapshot } from '../plan/plan-snapshot.ts';
import type { SnapshotRequest } from '../plan/snapshot-plan.ts';
import { planDetails, planResult } from '../report/plan-json.ts';
import { renderPlan } from '../report/plan-text.ts';
import { planHost } from '../stories/plan-host.ts';
import type { CommandResult } from './command-result.ts';
import { connector, warnOnStderr } from './connect.ts';
import { requestOf } from './snapshot-request.ts';

export interface PlanReport extends Planned {
  /** 0, or the exit status of the first refusal. */
  readonly exit: number;
}

/** What a snapshot would do on the host that the readers show, as far as its facts tell. */
export async function runPlan(request: SnapshotRequest, { host, server, ec2 }: Readers): Promise<PlanReport> {
  return reportOf(planSnapshot(request, await discover(host, server, ec2, request.level)));
}

function reportOf(planned: Planned): PlanReport {
  const [first] = planned.refusals;
  return { ...planned, exit: first === undefined ? 0 : ERRORS[first.code].exit };
}

/**
 * The JSON of a plan of this host keeps to the size of a result, as the controller reads it; the readable plan then
 * goes to stderr. The plan of a capture is told whole.
 */
export async function planCommand(options: AgentOptions): Promise<CommandResult> {
  const request = await requestOf(options);
  if (options.captureFrom !== undefined) {
    // Where this process keeps its own files says nothing about the captured host.
    const report = await runPlan({ ...request, agentPaths: [] }, replayCapture(readCaptureFile(options.captureFrom)));
    const json = jsonLine({ ...planResult(report), plan: planDetails(report) });
    return { exit: report.exit, json, text: renderPlan(report) };
  }
  const connect = await connector(options, warnOnStderr);
  const { instanceId, aws } = await identify();
  await using session = await (await connect(aws)).connect();
  const ec2 = new SdkEc2(instanceId, aws);
  // The file systems of a run that is under way may be frozen by that run.
  const takeWriterLock = async () => (isRunUnderWay() ? undefined : takeLockOfWriters(processes));
  const ports = { host: hostReader, session, ec2, processes, clock, takeWriterLock };
  const report = reportOf(await planHost(request, ports));
  const { server } = report.plan.facts;
  const met = `the server at ${session.address} is ${describeServer(server)}, its server id ${server.serverId}, its data directory ${server.datadir}`;
  const text = `${printable(met)}\n\n${renderPlan(report)}`;
  if (options.json || !process.stdout.isTTY) process.stderr.write(text);
  return { exit: report.exit, json: encodeResult(planResult(report)), text };
}
