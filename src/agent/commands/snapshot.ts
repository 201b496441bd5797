import { setPriority } from 'node:os';
import { toRunError } from '../../shared/errors.ts';
import { encodeResult } from '../../shared/result.ts';
import { VERSION } from '../../shared/version.ts';
import { applierRecords } from '../adapters/applier-records.ts';
import { clock } from '../adapters/clock.ts';
import { SdkEc2 } from '../adapters/ec2.ts';
import { freezeRecords } from '../adapters/freeze-records.ts';
import { hostReader } from '../adapters/host-reader.ts';
import { identify } from '../adapters/identity.ts';
import { systemdRuns } from '../adapters/init-system.ts';
import { openLog } from '../adapters/log.ts';
import { checkPrerequisites } from '../adapters/prerequisites.ts';
import { processes } from '../adapters/processes.ts';
import { takeRunLock } from '../adapters/run-lock.ts';
import { takeWriterLock } from '../adapters/writer-lock.ts';
import { untilCancelled } from '../cancellation.ts';
import type { Event } from '../events.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import { resultOf } from '../report/result-of.ts';
import { sentence } from '../report/sentences.ts';
import { summary } from '../report/summary.ts';
import { snapshot } from '../stories/snapshot.ts';
import type { CommandResult } from './command-result.ts';
import { connector } from './connect.ts';
import { requestOf } from './snapshot-request.ts';

/** Takes a set and tells its result. */
export async function snapshotCommand(options: AgentOptions, signal: AbortSignal): Promise<CommandResult> {
  const log = openLog(options.logFile);
  const events: Event[] = [];
  const emit = (event: Event) => {
    events.push(event);
    const { severity, text } = sentence(event);
    log.write(severity, text);
  };
  const started = clock.elapsed();
  const elapsedMs = () => Math.round(clock.elapsed() - started);
  const request = await requestOf(options);
  emit({ type: 'run-started', run: request.run, level: request.level, version: VERSION });
  let exit = 0;
  try {
    await clock.sleep(Math.random() * options.splaySeconds * 1000, signal);
    await checkPrerequisites(processes);
    raisePriority();
    const connect = await connector(options, (message) =>
      emit({ type: 'warned', code: 'option-file-skipped', message }),
    );
    const { instanceId, aws } = await untilCancelled(signal, identify);
    await snapshot(request, {
      host: hostReader,
      ec2: new SdkEc2(instanceId, aws),
      processes,
      clock,
      emit,
      freezeRecords,
      applierRecords,
      isolation: systemdRuns() ? 'unit' : 'session',
      ownProgram: [process.execPath, process.argv[1] ?? ''],
      takeRunLock: () => takeRunLock(processes),
      takeWriterLock: () => takeWriterLock(processes),
      connect: async () => (await connect(aws)).connect(),
      connection: async () => (await connect(aws)).connection,
      signal,
    });
    emit({ type: 'run-ended', ms: elapsedMs(), ending: 'done' });
  } catch (thrown) {
    const error = toRunError(thrown);
    emit({
      type: 'run-ended',
      ms: elapsedMs(),
      ending: { code: error.code, message: error.message, hint: error.hint },
    });
    exit = error.exit;
  }
  const result = resultOf(events);
  return { exit, json: encodeResult(result), text: summary(result) };
}

/** While the lock is held everybody waits for us, so we and our children go before them on a busy host. */
function raisePriority(): void {
  try {
    setPriority(-10);
  } catch {
    // Root in a container may lack CAP_SYS_NICE: then the run waits its turn like everybody else.
  }
}
