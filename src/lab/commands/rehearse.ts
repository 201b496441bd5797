import { ERRORS, RunError } from '../../shared/errors.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import { hasEnoughGood, type RehearsalReport, reportOf, summarize } from '../rehearsal/report.ts';
import { withLab } from '../standing/standing-lab.ts';
import type { Context, ExitStatus } from './context.ts';
import { type LabArguments, labOptions, levelOf, seedOf, wholeNumber } from './options.ts';

const MOST_ROUNDS = 1_000;

export interface RehearseArguments extends LabArguments {
  readonly keep?: true;
  readonly level: string;
  readonly replica?: true;
  readonly rounds?: string;
  readonly hostile?: true;
  readonly seed?: string;
}

/** `rehearse`: the result is printed when the lab has been taken away. */
export async function rehearseCommand(given: RehearseArguments, context: Context): Promise<ExitStatus> {
  if (given.seed !== undefined && !given.hostile) {
    throw new RunError('usage', `'${given.seed}' is not valid for --seed`, {
      hint: 'Give it together with --hostile.',
    });
  }
  const replica = given.replica ?? false;
  const options = { ...labOptions(given, context.dist), replicates: replica };
  const asked = {
    level: levelOf(given.level),
    replica,
    rounds: wholeNumber('--rounds', given.rounds ?? '1', 1, MOST_ROUNDS),
    ...(given.hostile && { changesSeed: seedOf(given.seed) }),
  };
  const rounds = await withLab('rehearse', options, context.cancel, context.say, async (lab) => {
    if (given.keep) {
      lab.keep();
      context.say(`The lab is kept in ${lab.folder.path} until \`mysql-ebs-snapshot-lab down\`.`);
    }
    return rehearse(lab, { ...context, ...asked }, context.say);
  });
  const shown = { rounds: given.rounds !== undefined, hostile: given.hostile ?? false };
  const report = reportOf(rounds, shown);
  if (report.outcome === 'done') {
    context.print(given.json ? `${JSON.stringify(report)}\n` : summarize(rounds, shown));
    return 0;
  }
  const code = 'rehearsal-failed';
  const { hint, exit } = ERRORS[code];
  const message = describeFailure(report, given.rounds);
  context.print(given.json ? `${JSON.stringify({ ...report, code, message, hint })}\n` : summarize(rounds, shown));
  return exit;
}

function describeFailure({ hostile, rounds }: RehearsalReport, of: string | undefined): string {
  if (hostile && !hasEnoughGood(hostile)) {
    return `only ${hostile.good} of ${hostile.sets} sets are good, less than a third`;
  }
  const { meaning } = ERRORS['rehearsal-failed'];
  return of === undefined ? meaning : `round ${rounds} of ${of}: ${meaning}`;
}
