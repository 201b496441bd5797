import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { type EmbeddedAws, type EmbeddedAwsOptions, startEmbeddedAws } from '../../../src/lab/aws/embedded-aws.ts';
import { makeMachineFolder, removeMachineFolders } from '../../../src/lab/machine/lab-folder.ts';
import { ssmAgent } from '../../../src/lab/ssm-agent/run-document.ts';
import type { InstanceId } from '../../../src/shared/ids.ts';
import { decodeResult } from '../../../src/shared/result.ts';
import { plainHost } from '../../contract/embedded-lab.ts';
import { bundleController, ROOT } from './bundle-controller.ts';
import { leaveSet } from './leave-set.ts';

/** Where a host has its agent. */
const OPT = '/opt/mysql-ebs-snapshot';

/** The agents of these hosts. Each notes its arguments in a file first, so that a test sees how often it ran. */
const NOTES_ARGUMENTS = `
const { appendFileSync } = require('node:fs');
const argv = process.argv.slice(2);
appendFileSync('${OPT}/ran', JSON.stringify(argv) + '\\n');
const run = argv[argv.indexOf('--run-id') + 1];
const instance = process.env.AWS_SSM_INSTANCE_ID;
const report = (result, status) => {
  console.log(JSON.stringify({ v: 1, run, instance, ...result }));
  console.error('a line for people');
  process.exitCode = status;
};
`;
export const AGENTS = {
  good: `${NOTES_ARGUMENTS}const set = argv[0] === 'snapshot' ? { set: run + '/' + instance } : {};
report({ outcome: 'done', level: 'application', grade: 'application', ...set, members: 2, stallMs: 312, frozenMs: 251, apiMs: 240, binlog: 'binlog.000042:1234' }, 0);`,
  refusing: `${NOTES_ARGUMENTS}report({ outcome: 'refused', code: 'storage-unfit', message: 'nvme3n1 is instance store', hint: 'Move it.' }, 21);`,
  unsafe: `${NOTES_ARGUMENTS}report({ outcome: 'unsafe', code: 'thaw-failed', message: '/data may be frozen', hint: 'Thaw it.' }, 50);`,
  broken: `${NOTES_ARGUMENTS}throw new Error('no such module');`,
  endless: `${NOTES_ARGUMENTS}setInterval(() => {}, 1000);`,
} as const;

export interface TestHost {
  readonly instanceId: InstanceId;
  /** The arguments of every run of the host's agent. */
  ran(): Promise<string[][]>;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of stdout. */
  readonly json: { outcome: string; run?: string; code?: string; message?: string; hosts?: Record<string, unknown>[] };
}

export type Who = 'operator' | 'installer' | 'pruner' | 'scheduler' | 'administrator';

export interface RunOptions {
  readonly as?: Who;
  /** Over the environment that points at the lab; `undefined` takes a variable away. */
  readonly environment?: Record<string, string | undefined>;
  /** Called with the controller's pid. */
  readonly onStart?: (pid: number) => unknown;
  /** Called with what stderr holds so far, each time it grows; may send signals. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface FleetLab extends AsyncDisposable {
  readonly aws: EmbeddedAws;
  /** The built controller's installation: `dist/controller.cjs`, `ssm-documents/`. */
  readonly installation: string;
  addHost(
    number: number,
    agent: keyof typeof AGENTS,
    options?: { tags?: Record<string, string>; oldSsmAgent?: true },
  ): Promise<TestHost>;
  /** Runs the controller as users do, to its end. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
}

interface FleetLabOptions extends Pick<EmbeddedAwsOptions, 'time' | 'callHook'> {
  /** The controller's entry in the sources. */
  readonly controller?: string;
}

/** Builds the controller and starts an AWS without hosts. */
export async function startFleetLab({
  controller = 'src/controller/main.ts',
  ...options
}: FleetLabOptions = {}): Promise<FleetLab> {
  const folder = await mkdtemp(join(tmpdir(), 'controller-'));
  const installation = join(folder, 'installation');
  await bundleController(controller, join(installation, 'dist/controller.cjs'));
  await cp(join(ROOT, 'ssm-documents'), join(installation, 'ssm-documents'), { recursive: true });
  const machine = { id: 'fleet', path: folder };
  await makeMachineFolder(machine, OPT);
  const orchestrationRoot = join(folder, 'ssm');
  const aws = await startEmbeddedAws({
    store: { capture: async () => {} },
    orchestrationRoot,
    ...options,
  });

  const ec2 = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });

  return {
    aws,
    installation,

    async addHost(number, agent, { tags = {}, oldSsmAgent } = {}) {
      const { instanceId } = plainHost(number);
      const opt = join(folder, instanceId);
      await mkdir(join(opt, 'bin'), { recursive: true });
      await symlink(process.execPath, join(opt, 'bin/node'));
      await writeFile(join(opt, 'agent.cjs'), AGENTS[agent]);
      // The host's own installation, in a mount namespace that ends with its processes.
      const enter = [
        'unshare',
        '--mount',
        '--propagation',
        'slave',
        'sh',
        '-c',
        `mount --bind "$0" ${OPT} && exec "$@"`,
        opt,
      ];
      const documentRun = ssmAgent({ orchestrationRoot, ignoresEnvVar: oldSsmAgent === true });
      await aws.addHost(
        { ...plainHost(number), tags: { Name: `db${number}`, ...tags }, enter },
        {
          run: async (host, run, signal) => {
            const steps = await documentRun(host, run, signal);
            const result = decodeResult(steps[0]?.stdout.split('\n')[0] ?? '');
            if (result?.outcome === 'done' && result.set !== undefined) await leaveSet(ec2, instanceId, result);
            return steps;
          },
        },
      );
      const notes = join(opt, 'ran');
      return {
        instanceId,
        ran: async () => {
          if (!existsSync(notes)) return [];
          return (await readFile(notes, 'utf8'))
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as string[]);
        },
      };
    },

    run(argv, { as = 'operator', environment = {}, onStart = () => {}, onStderr = () => {} } = {}) {
      const child = spawn(process.execPath, [join(installation, 'dist/controller.cjs'), ...argv], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          AWS_ENDPOINT_URL: aws.endpoint,
          AWS_REGION: aws.region,
          AWS_ACCESS_KEY_ID: aws[as].accessKeyId,
          AWS_SECRET_ACCESS_KEY: aws[as].secretAccessKey,
          AWS_EC2_METADATA_DISABLED: 'true',
          ...environment,
        },
      });
      onStart(child.pid ?? 0);
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        onStderr(stderr, (signal) => child.kill(signal));
      });
      return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (status) => {
          const last = stdout.trimEnd().split('\n').at(-1) ?? '';
          resolve({ status, stdout, stderr, json: last.startsWith('{') ? JSON.parse(last) : { outcome: '' } });
        });
      });
    },

    async [Symbol.asyncDispose]() {
      await aws[Symbol.asyncDispose]();
      await removeMachineFolders(machine);
      await rm(folder, { recursive: true });
    },
  };
}
