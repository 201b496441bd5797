import { RunError, toRunError } from '../../shared/errors.ts';
import { startReplication } from '../replication/source.ts';
import { controllerOf } from '../standing/controller-process.ts';
import type { Say, StandingLab } from '../standing/standing-lab.ts';
import type { RehearsalOptions } from './options.ts';
import { isProven, type RoundHost } from './report.ts';
import { rehearseRound, type Stage } from './round.ts';

/**
 * The main job, on real parts: sets taken under load through the controller, restored, and proven. Round after round on
 * the same hosts, to the first that is not proven; what each found, host by host.
 */
export async function rehearse(
  lab: StandingLab,
  options: RehearsalOptions,
  say: Say,
): Promise<readonly (readonly RoundHost[])[]> {
  const controller = controllerOf(lab.shell, lab.aws, options.dist, say);
  await controller.installDocuments();
  say('The documents are installed.');
  const replication = options.replica ? await startReplication(lab.hosts, lab.shell.signal) : undefined;
  if (replication) say(`${replication.source.name} is the source of ${lab.hosts.length - 1} replicas.`);

  if (options.changesSeed !== undefined) say(`The changes are drawn by --seed ${options.changesSeed}.`);

  const rounds: (readonly RoundHost[])[] = [];
  do {
    const round = rounds.length + 1;
    const name = options.rounds === 1 ? undefined : `Round ${round} of ${options.rounds}`;
    const hosts = await performRound(name, { lab, controller, options, round, replication, say });
    rounds.push(hosts);
    if (name) say(`${name}: ${isProven(hosts) ? 'proven' : 'not proven'}.`);
    if (!isProven(hosts)) break;
  } while (rounds.length < options.rounds);
  return rounds;
}

/** What goes wrong in a round is told with the round's name. */
async function performRound(name: string | undefined, stage: Stage): Promise<readonly RoundHost[]> {
  try {
    return await rehearseRound(stage);
  } catch (thrown) {
    const { code, message, hint } = toRunError(thrown);
    if (name === undefined || code === 'bug' || stage.lab.shell.signal.aborted) throw thrown;
    throw new RunError(code, `${name}: ${message}`, { hint, cause: thrown });
  }
}
