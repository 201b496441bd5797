import { ERRORS } from '../../shared/errors.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import { reportOf, summarize } from '../rehearsal/report.ts';
import { withLab } from '../standing/standing-lab.ts';
import type { Context, ExitStatus } from './context.ts';
import { type LabArguments, labOptions, levelOf, wholeNumber } from './options.ts';

const MOST_ROUNDS = 1_000;

export interface RehearseArguments extends LabArguments {
  readonly keep?: true;
  readonly level: string;
  readonly replica?: true;
  readonly rounds?: string;
}

/** `rehearse`: the result is printed when the lab has been taken away. */
export async function rehearseCommand(given: RehearseArguments, context: Context): Promise<ExitStatus> {
  const replica = given.replica ?? false;
  const options = { ...labOptions(given, context.dist), replicates: replica };
  const asked = {
    level: levelOf(given.level),
    replica,
    rounds: wholeNumber('--rounds', given.rounds ?? '1', 1, MOST_ROUNDS),
  };
  const rounds = await withLab('rehearse', options, context.cancel, context.say, async (lab) => {
    if (given.keep) {
      lab.keep();
      context.say(`The lab is kept in ${lab.folder.path} until \`mysql-ebs-snapshot-lab down\`.`);
    }
    return rehearse(lab, { ...context, ...asked }, context.say);
  });
  const report = reportOf(rounds, given.rounds !== undefined);
  if (report.outcome === 'done') {
    context.print(given.json ? `${JSON.stringify(report)}\n` : summarize(rounds));
    return 0;
  }
  const code = 'rehearsal-failed';
  const { meaning, hint, exit } = ERRORS[code];
  const message = given.rounds === undefined ? meaning : `round ${rounds.length} of ${given.rounds}: ${meaning}`;
  context.print(given.json ? `${JSON.stringify({ ...report, code, message, hint })}\n` : summarize(rounds));
  return exit;
}
