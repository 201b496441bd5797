import { RunError } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { printable } from '../../shared/printable.ts';
import { VERSION } from '../../shared/version.ts';
import { writeCaptureFile } from '../adapters/capture-file.ts';
import { type Readers, recordCapture } from '../adapters/capture-recorder.ts';
import { clock } from '../adapters/clock.ts';
import { SdkEc2 } from '../adapters/ec2.ts';
import { hostReader } from '../adapters/host-reader.ts';
import { identify } from '../adapters/identity.ts';
import { discover } from '../discovery/discover.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import type { CommandResult } from './command-result.ts';
import { connector, warnOnStderr } from './connect.ts';

export interface CaptureReport {
  /** The capture as JSON text, ready to be written. */
  readonly text: string;
  /** Why discovery stopped, where it did: the capture then ends there as well, and shows the same. */
  readonly problem: RunError | undefined;
}

/** Everything that discovery reads of this host, in one file without secrets. Touches nothing. */
export async function runCapture(readers: Readers, takenAt: Date, agent: string): Promise<CaptureReport> {
  const recorder = recordCapture(readers);
  await recorder.ec2.instance();
  let problem: RunError | undefined;
  try {
    await discover(recorder.host, recorder.server, recorder.ec2, 'auto');
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    problem = error;
  }
  return { text: `${JSON.stringify(recorder.capture(takenAt, agent), null, 2)}\n`, problem };
}

/** Writes the capture; a host whose discovery fails is captured as far as that came, because that is what needs a look. */
export async function captureCommand(options: AgentOptions): Promise<CommandResult> {
  const file = options.captureTo;
  if (file === undefined) throw new RunError('usage', 'capture takes one FILE');
  const connect = await connector(options, warnOnStderr);
  const { instanceId, aws } = await identify();
  await using server = await (await connect(aws)).connect();
  const { text, problem } = await runCapture(
    { host: hostReader, server, ec2: new SdkEc2(instanceId, aws) },
    clock.now(),
    VERSION,
  );
  writeCaptureFile(file, text);
  const stopped = problem === undefined ? '' : `; discovery stopped at ${problem.code}: ${problem.message}`;
  return {
    exit: 0,
    json: jsonLine({ v: 1, outcome: 'done', file, ...(problem && { stoppedAt: problem.code }) }),
    text: `${printable(`captured into ${file}${stopped}`)}\n`,
  };
}
