import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallHook } from '../../../src/lab/aws/call-hook.ts';
import { BEGAN, fastTime } from './fast-time.ts';
import { type FleetLab, startFleetLab, type TestHost } from './fleet-lab.ts';

/** The calls of one run of these hosts, wave by wave, are fewer. */
const MOST_CALLS = 60;

// The hosts need mount namespaces of their own.
describe.runIf(process.getuid?.() === 0)('a controller that is killed and resumed', () => {
  let lab: FleetLab;
  let hosts: TestHost[];
  /** Called at every API call, before its work is done. */
  let atCall: () => void = () => {};
  const callHook: CallHook = async () => atCall();
  const began = Date.now();
  const environment = { [BEGAN]: String(began) };

  beforeAll(async () => {
    const controller = 'test/fleet/controller/fast-controller.ts';
    lab = await startFleetLab({ callHook, controller, time: fastTime(began) });
    await lab.run(['documents', 'install'], { as: 'installer', environment });
    const clusters = ['orders', 'orders', 'users'];
    hosts = [];
    for (const [n, cluster] of clusters.entries())
      hosts.push(await lab.addHost(n + 1, 'good', { tags: { Role: 'db', Cluster: cluster } }));
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const snapshot = (...args: string[]) => [
    'snapshot',
    '--target',
    'tag:Role=db',
    '--wave-by',
    'tag:Cluster',
    ...args,
    '--json',
  ];

  /** Starts a run and kills the controller at its nth call, which AWS carries out all the same. Answers whether it came that far. */
  async function runAndKill(run: string, nth: number): Promise<boolean> {
    let [calls, killed] = [0, false];
    await lab.run(snapshot('--run-id', run), {
      environment,
      onStart: (pid) => {
        atCall = () => {
          calls += 1;
          if (calls !== nth) return;
          killed = true;
          process.kill(pid, 'SIGKILL');
        };
      },
    });
    atCall = () => {};
    return killed;
  }

  it('does no host twice and forgets none, at whichever call it died', { timeout: 900_000 }, async () => {
    let nth = 1;
    for (; nth < MOST_CALLS; nth++) {
      const run = `killed-at-${nth}`;
      if (!(await runAndKill(run, nth))) break;
      let ended = await lab.run(snapshot('--resume', run), { environment });
      // It died before it had sent anything.
      if (ended.json.message === `nothing is known of a run ${run}`) {
        ended = await lab.run(snapshot('--run-id', run), { environment });
      }
      expect([ended.status, ended.stderr]).toEqual([0, expect.any(String)]);
      expect(ended.json).toMatchObject({ run, outcome: 'done', hosts: hosts.map(() => ({ outcome: 'done' })) });
      for (const host of hosts) {
        const runs = (await host.ran()).filter((argv) => argv.includes(run));
        expect(runs, `${host.instanceId}, killed at call ${nth}`).toHaveLength(1);
      }
    }
    expect(nth).toBeGreaterThan(10);
    expect(nth).toBeLessThan(MOST_CALLS);
  });
});
