import { RunError } from '../../../shared/errors.ts';
import { poll } from '../../../shared/poll.ts';
import type { Clock, CommandHistoryRange, Commands, SentCommand, Snapshots } from '../../ports.ts';
import type { EarlierCommands } from '../fleet-run.ts';
import type { FleetRequest } from '../request.ts';

/** Systems Manager keeps the history of commands for so long [doc]. */
const HISTORY_MS = 30 * 86_400_000;
/** Our clock and that of Systems Manager may differ. */
const CLOCK_SKEW_MS = 300_000;
/** ListCommands may lag behind a SendCommand of somebody who died since: it has to say the same twice, this far apart. */
const LOOK_AGAIN_MS = 3_000;

export interface EarlierCommandsPorts {
  readonly commands: Commands;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/**
 * Looks for what a run has sent before. Throws RunError `usage` where a run that is to be new exists already, where there
 * is none that could be gone on with, or where it was sent with other parameters: its sets would not be alike.
 */
export async function findEarlierCommands(
  request: FleetRequest,
  ports: EarlierCommandsPorts,
): Promise<EarlierCommands> {
  const { run, documentName, begins } = request;
  const { clock, snapshots } = ports;
  const nothing = { sent: [], range: { documentName, since: before(clock.now(), CLOCK_SKEW_MS) } };
  if (begins === 'new' || request.operation !== 'snapshot') return nothing;

  const history = { documentName, since: before(clock.now(), HISTORY_MS) };
  const ours = await (begins === 'resume' ? allCommandsOf : commandsOf)(request, history, ports);
  const exists = ours.length > 0 || (await snapshots.ofSets({ by: 'run', run })).length > 0;
  if (begins === 'named') {
    if (exists) throw runExists(run);
    return nothing;
  }
  if (!exists) throw noSuchRun(run);
  for (const command of ours) refuseOtherParameters(request, command);
  const first = Math.min(clock.now().getTime(), ...ours.map(({ sentAt }) => sentAt.getTime()));
  return {
    sent: ours.toSorted((a, b) => a.sentAt.getTime() - b.sentAt.getTime()),
    range: { documentName, since: before(new Date(first), CLOCK_SKEW_MS) },
  };
}

/** The commands of a run in a range of the history; a plan of the same name is another run. */
export async function commandsOf(
  { run }: FleetRequest,
  range: CommandHistoryRange,
  { commands }: Pick<EarlierCommandsPorts, 'commands'>,
): Promise<readonly SentCommand[]> {
  return (await commands.sentIn(range)).filter(
    ({ parameters }) => parameters['RunId'] === run && parameters['Operation'] === 'snapshot',
  );
}

/** The same, when they are shown alike twice. */
async function allCommandsOf(
  request: FleetRequest,
  history: CommandHistoryRange,
  ports: EarlierCommandsPorts,
): Promise<readonly SentCommand[]> {
  let shown = -1;
  return poll(ports.clock, { firstMs: LOOK_AGAIN_MS }, async () => {
    const commands = await commandsOf(request, history, ports);
    if (commands.length === shown) return commands;
    shown = commands.length;
    return undefined;
  });
}

function refuseOtherParameters({ run, parameters }: FleetRequest, sent: SentCommand): void {
  const names = new Set([...Object.keys(parameters), ...Object.keys(sent.parameters)]);
  for (const name of names) {
    const [then, now] = [sent.parameters[name], parameters[name]];
    if (then === now) continue;
    const word = (value: string | undefined) => (value === undefined ? `without ${name}` : `with ${name}=${value}`);
    throw new RunError('usage', `run ${run} was begun ${word(then)}, not ${word(now)}`, {
      hint: 'Give --resume the options that the run was begun with.',
    });
  }
}

const before = (moment: Date, ms: number): Date => new Date(moment.getTime() - ms);

const runExists = (run: string) =>
  new RunError('usage', `there is a run ${run} already`, {
    hint: `Give another --run-id, or none; or go on with it: --resume ${run}.`,
  });

const noSuchRun = (run: string) =>
  new RunError('usage', `nothing is known of a run ${run}`, {
    hint: 'Check --resume, --region and --profile; a new run begins without --resume.',
  });
