import { RunError } from '../../shared/errors.ts';
import { type Readers, recordCapture } from '../adapters/capture-recorder.ts';
import { discover } from '../discovery/discover.ts';

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
    await discover(recorder.host, recorder.server, recorder.ec2);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    problem = error;
  }
  return { text: `${JSON.stringify(recorder.capture(takenAt, agent), null, 2)}\n`, problem };
}
