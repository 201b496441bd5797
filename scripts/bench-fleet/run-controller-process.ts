import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { EmbeddedAws } from '../../src/lab/aws/embedded-aws.ts';

export interface ControllerRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The most memory that it has held, in bytes: VmHWM of the kernel. */
  readonly peakBytes: number;
  /** Real seconds. */
  readonly seconds: number;
}

/** Runs the bundled controller to its end, as a process of its own, against an embedded AWS. */
export async function runControllerProcess(
  bundle: string,
  argv: readonly string[],
  aws: EmbeddedAws,
  as: 'operator' | 'installer',
): Promise<ControllerRun> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [bundle, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws[as].accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws[as].secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [, out, err, told] = child.stdio as unknown as readonly [null, Readable, Readable, Readable];
  const [status, stdout, stderr, kilobytes] = await Promise.all([ended, text(out), text(err), text(told)]);
  const seconds = (performance.now() - startedAt) / 1000;
  return { status, stdout, stderr, peakBytes: Number(kilobytes) * 1024, seconds };
}
