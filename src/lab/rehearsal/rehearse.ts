import { RunError } from '../../shared/errors.ts';
import { longestCommitMs } from '../load/ledger.ts';
import { BEYOND_THE_SET, FULL_SWING, startLoad } from '../load/write-load.ts';
import { HOST_TAG, type Say, type StandingLab } from '../standing-lab.ts';
import { controllerOf } from './controller.ts';
import { findSet } from './find-set.ts';
import { proveSet } from './prove-set.ts';
import type { RehearsedHost } from './report.ts';
import { restoreSet } from './restore-set.ts';

export interface RehearsalOptions {
  readonly dist: string;
  /** The lab's own bundle. */
  readonly program: string;
}

/** The main job, on real parts: sets taken under load through the controller, restored, and proven. */
export async function rehearse(
  lab: StandingLab,
  options: RehearsalOptions,
  say: Say,
): Promise<readonly RehearsedHost[]> {
  const { shell, aws, hosts } = lab;
  const controller = controllerOf(shell, aws, options.dist, say);
  const loads = await Promise.all(hosts.map(({ server }) => startLoad(shell, options.program, server.socket)));
  say('A hostile write load runs on every host.');
  await controller.installDocuments();
  say('The documents are installed.');
  await Promise.all(loads.map((load) => load.hasDone(FULL_SWING)));

  const results = await controller.snapshot(['--target', `tag:${HOST_TAG.key}=${HOST_TAG.value}`]);
  say(`${results.length} hosts have taken their sets.`);
  await Promise.all(loads.map((load) => load.hasDone(BEYOND_THE_SET)));
  const reports = await Promise.all(loads.map((load) => load.stop()));

  const rehearsed: RehearsedHost[] = [];
  for (const [index, host] of hosts.entries()) {
    const { instanceId } = host;
    const result = results.find(({ instance }) => instance === instanceId);
    const report = reports[index];
    if (!result?.set || !report) throw new RunError('rehearsal-failed', `${instanceId} reported no set`);
    say(`Restoring ${result.set}.`);
    const set = { name: result.set, snapshotIds: await findSet(aws, result.set) };
    const proof = proveSet(await restoreSet(lab, host, set, report));
    for (const complaint of proof.complaints) say(`Not proven on ${instanceId}: ${complaint}.`);
    const { length: commits } = report.commits;
    rehearsed.push({ instanceId, result, proof, commits, longestCommitMs: longestCommitMs(report) });
  }
  return rehearsed;
}
