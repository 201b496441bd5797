import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { ERRORS, type ErrorCode, RunError } from '../../shared/errors.ts';
import { Outcome, Result } from '../../shared/result.ts';
import type { EmbeddedAws } from '../aws/embedded-aws.ts';
import type { Shell } from '../machine/shell.ts';
import type { Say } from './standing-lab.ts';

/** What `snapshot --json` of the controller prints. */
const FleetReport = v.object({
  v: v.literal(1),
  outcome: Outcome,
  run: v.optional(v.string()),
  code: v.optional(v.string()),
  message: v.optional(v.string()),
  hint: v.optional(v.string()),
  hosts: v.array(Result),
});
type FleetReport = v.InferOutput<typeof FleetReport>;

/** The controller, as the process that its users start. */
export interface Controller {
  installDocuments(): Promise<void>;
  /** One set on every host. Throws the RunError of the host, or of the fleet, that is not done. */
  snapshot(scope: readonly string[]): Promise<readonly Result[]>;
  /** The same where hosts may fail: what became of each. Throws RunError where no host was reached. */
  trySnapshot(scope: readonly string[]): Promise<readonly Result[]>;
}

export function controllerOf(shell: Shell, aws: EmbeddedAws, dist: string, say: Say): Controller {
  const program = join(dist, 'controller.cjs');
  const run = async (credentials: EmbeddedAws['operator'], args: readonly string[]) => {
    const child = shell.start([process.execPath, program, ...args, '--json'], {
      env: { ...awsEnvironment(aws, credentials) },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: shell.signal,
    });
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new RunError('bug', 'the controller has no pipes');
    const ended = new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    const lines: string[] = [];
    createInterface({ input: stdout }).on('line', (line) => lines.push(line));
    const words: string[] = [];
    createInterface({ input: stderr }).on('line', (line) => {
      words.push(line);
      say(`  ${line}`);
    });
    const status = await ended;
    shell.signal.throwIfAborted();
    return { status, lastLine: lines.at(-1) ?? '', complaint: words.at(-1) ?? '' };
  };

  const takeSets = async (scope: readonly string[]) => {
    const { status, lastLine, complaint } = await run(aws.operator, ['snapshot', ...scope]);
    const report = readReport(lastLine);
    if (report) return report;
    throw new RunError('rehearsal-failed', `the controller ended with ${status} and no report: ${complaint}`);
  };

  return {
    async installDocuments() {
      const { status, lastLine, complaint } = await run(aws.installer, ['documents', 'install']);
      if (status !== 0) throw new RunError('rehearsal-failed', `documents install: ${complaint || lastLine || status}`);
    },
    async snapshot(scope) {
      const report = await takeSets(scope);
      if (report.outcome !== 'done') throw errorOf(report);
      return report.hosts;
    },
    async trySnapshot(scope) {
      const report = await takeSets(scope);
      if (report.hosts.length === 0) throw errorOf(report);
      return report.hosts;
    },
  };
}

/** What an AWS client needs to reach the lab. */
export const awsEnvironment = (aws: EmbeddedAws, credentials: EmbeddedAws['operator']) => ({
  AWS_ENDPOINT_URL: aws.endpoint,
  AWS_REGION: aws.region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});

function readReport(line: string): FleetReport | undefined {
  try {
    return v.parse(FleetReport, JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The reason of the first host that is not done, else of the fleet. */
function errorOf({ hosts, ...fleet }: FleetReport): RunError {
  const host = hosts.find(({ outcome }) => outcome !== 'done');
  const { code, message, hint } = host ?? fleet;
  const who = host?.instance ? `${host.instance}: ` : '';
  return new RunError(isErrorCode(code) ? code : 'host-failed', `${who}${message ?? code ?? fleet.outcome}`, {
    ...(hint && { hint }),
  });
}

export const isErrorCode = (code: string | undefined): code is ErrorCode =>
  code !== undefined && Object.hasOwn(ERRORS, code);
