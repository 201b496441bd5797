import { EC2Client } from '@aws-sdk/client-ec2';
import { paginateListCommandInvocations, SSMClient } from '@aws-sdk/client-ssm';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { openClients } from '../../../src/controller/aws/clients.ts';
import { commands } from '../../../src/controller/aws/commands.ts';
import { documents } from '../../../src/controller/aws/documents.ts';
import { inventory } from '../../../src/controller/aws/inventory.ts';
import { snapshots } from '../../../src/controller/aws/snapshots.ts';
import { installDocument, ourDocument } from '../../../src/controller/documents/install-document.ts';
import type { Clock } from '../../../src/controller/ports.ts';
import type { FleetRequest } from '../../../src/controller/runs/request.ts';
import { runFleet } from '../../../src/controller/runs/run-fleet.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../src/lab/aws/embedded-aws.ts';
import { SteeredTime } from '../../../src/lab/aws/lab-time.ts';
import type { RunDocument } from '../../../src/lab/ssm-agent/run-document.ts';
import { plainHost } from '../../contract/embedded-lab.ts';
import { RUN } from '../../unit/controller/fakes.ts';
import { leaveSet } from './leave-set.ts';

/** Clusters of simulated hosts in the embedded AWS, and the controller's story with its real adapters, in a time that is pushed forward. */

interface Member {
  readonly cluster: string;
  readonly duty: 'replica' | 'source';
  /** Of its run. */
  readonly seconds: number;
  /** How often it fails, and undoes everything, before it is done. */
  readonly failures: number;
}

const fleets = fc.record({
  members: fc.array(
    fc.record<Member>({
      cluster: fc.constantFrom('orders', 'users', 'stock', 'mail'),
      duty: fc.constantFrom('replica', 'source'),
      seconds: fc.integer({ min: 1, max: 40 }),
      failures: fc.constantFrom(0, 0, 0, 0, 0, 1),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  maxConcurrency: fc.constantFrom(undefined, '1', '3', '50%'),
});

const DOCUMENT = `schemaVersion: '2.2'
parameters:
  Operation: { type: String, description: d }
  RunId: { type: String, description: d }
mainSteps:
  - action: aws:runShellScript
    name: simulated
    inputs: { runCommand: ['true'] }
`;
const ours = ourDocument('mysql-ebs-snapshot', DOCUMENT);

afterEach(() => vi.unstubAllEnvs());

/** A host that works for its time, then leaves a set, or fails. */
function simulated(member: Member, time: SteeredTime, ec2: () => EC2Client): RunDocument {
  let failures = member.failures;
  return async (host, { parameters }, signal) => {
    const startedAt = time.now();
    await time.sleep(member.seconds * 1000, signal);
    const run = parameters['RunId']?.[0] ?? '';
    const common = { v: 1, run, instance: host.instanceId } as const;
    const set = `${run}/${host.instanceId}`;
    const fails = failures-- > 0;
    const result = fails
      ? ({ ...common, outcome: 'failed', code: 'lock-timeout', message: 'm', hint: 'h' } as const)
      : ({ ...common, outcome: 'done', grade: 'application', set, members: 2 } as const);
    if (!fails) await leaveSet(ec2(), host.instanceId, result);
    return [
      {
        ...{ name: 'simulated', plugin: 'aws:runShellScript', status: fails ? 'Failed' : 'Success' },
        ...{
          exitCode: fails ? 30 : 0,
          stdout: `${JSON.stringify(result)}\n`,
          stderr: '',
          startedAt,
          endedAt: time.now(),
        },
      },
    ];
  };
}

interface Interval {
  readonly instance: string;
  readonly from: number;
  readonly to: number;
}

/** When hosts were at work, by Systems Manager's own record. */
async function intervals(aws: EmbeddedAws): Promise<Interval[]> {
  const client = new SSMClient({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });
  const found: Interval[] = [];
  for await (const { CommandInvocations = [] } of paginateListCommandInvocations({ client }, { Details: true })) {
    for (const { InstanceId: instance = '', CommandPlugins: [plugin] = [] } of CommandInvocations) {
      const [from, to] = [plugin?.ResponseStartDateTime?.getTime(), plugin?.ResponseFinishDateTime?.getTime()];
      if (from !== undefined && to !== undefined) found.push({ instance, from, to });
    }
  }
  return found;
}

it('never has two members of a cluster at work together, over 50 random fleets', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fleets, async ({ members, maxConcurrency }) => {
      const time = new SteeredTime();
      await using aws = await startEmbeddedAws({ store: { capture: async () => {} }, time });
      const config = { endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator };
      const ec2 = new EC2Client(config);
      for (const [n, member] of members.entries()) {
        const tags = { Role: 'db', Cluster: member.cluster, Duty: member.duty };
        await aws.addHost({ ...plainHost(n + 1), tags }, { run: simulated(member, time, () => ec2) });
      }
      const clusterOf = new Map(members.map(({ cluster }, n) => [plainHost(n + 1).instanceId as string, cluster]));

      vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint);
      vi.stubEnv('AWS_ACCESS_KEY_ID', aws.administrator.accessKeyId);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.administrator.secretAccessKey);
      using clients = openClients({ profile: undefined, region: aws.region });
      const clock: Clock = { now: () => new Date(time.now()), sleep: (ms) => time.advance(ms) };
      const ports = {
        ...{ documents: documents(clients), inventory: inventory(clients), clock },
        ...{ commands: commands(clients, clock), snapshots: snapshots(clients) },
      };
      await installDocument(ours, ports.documents, clock, false);
      const request: FleetRequest = {
        ...{ operation: 'snapshot', run: RUN, documentName: ours.name, comment: 'c', maxConcurrency },
        ...{ scope: { by: 'tags', tags: [{ key: 'Role', values: ['db'] }] }, maxErrors: '100%', deliverySeconds: 600 },
        ...{ parameters: { Operation: 'snapshot', RunId: RUN }, begins: 'new', until: 'pending' },
        waves: { key: 'Cluster', prefer: { key: 'Duty', values: ['replica'] } },
      };
      const go = (begins: FleetRequest['begins']) =>
        runFleet({ ...request, begins }, ours, ports, () => {}, new AbortController().signal);
      let report = await go('new');
      for (let times = 0; report.ending !== 'done' && times < members.length; times++) report = await go('resume');

      expect(report.hosts.map(({ result }) => result.outcome)).toEqual(members.map(() => 'done'));
      const worked = await intervals(aws);
      expect(worked.length).toBe(members.reduce((sum, { failures }) => sum + 1 + failures, 0));
      for (const [n, one] of worked.entries()) {
        for (const other of worked.slice(n + 1)) {
          if (clusterOf.get(one.instance) !== clusterOf.get(other.instance)) continue;
          expect(one.to <= other.from || other.to <= one.from).toBe(true);
        }
      }
    }),
    { numRuns: 50 },
  );
});
