import { once } from 'node:events';
import { RunError } from '../../shared/errors.ts';
import { decodeResult, type Result } from '../../shared/result.ts';
import { AGENT, OPTION_FILE } from '../hosts/simulated-host.ts';
import { processState } from '../machine/process-state.ts';
import type { StandingHost, StandingLab } from './standing-lab.ts';

/** How the agent ended: an exit status or the signal that ended it, and the result if it told one. */
export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly result: Result | undefined;
  /** From its start to its end. */
  readonly ms: number;
}

/** The agent at work on a host, as a person or cron starts it: leader of a process group of its own. */
export interface AgentRun {
  /** The run id. */
  readonly run: string;
  readonly pid: number;
  hasEnded(): boolean;
  readonly ended: Promise<Ending>;
}

/** `options`: of `snapshot`, beyond those that every run in a lab needs. */
export function startAgent(
  { shell, aws }: StandingLab,
  host: StandingHost,
  run: string,
  options: readonly string[] = [],
): AgentRun {
  const common = ['--defaults-file', OPTION_FILE, '--run-id', run, '--no-log-file', '--json'];
  const argv = [...AGENT, 'snapshot', ...common, ...options];
  const startedAt = performance.now();
  const child = shell.start([...host.namespace.enter, ...argv], {
    cwd: '/',
    env: { AWS_ENDPOINT_URL: aws.endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT: host.imdsEndpoint },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { stdout, pid } = child;
  if (!stdout || pid === undefined) throw new RunError('lab-unfit', 'the agent could not be started');
  let said = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  let ms = 0;
  child.once('exit', () => {
    ms = performance.now() - startedAt;
  });
  return {
    run,
    pid,
    hasEnded: () => [undefined, 'Z'].includes(processState(pid)),
    ended: once(child, 'close').then(([status, signal]) => ({ status, signal, result: decodeResult(said.trim()), ms })),
  };
}
