import { ERRORS } from '../../shared/errors.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import { reportOf, summarize } from '../rehearsal/report.ts';
import { withLab } from '../standing-lab.ts';
import type { Context, ExitStatus } from './context.ts';
import { type LabArguments, labOptions } from './options.ts';

export interface RehearseArguments extends LabArguments {
  readonly keep?: true;
}

/** `rehearse`: the result is printed when the lab has been taken away. */
export async function rehearseCommand(given: RehearseArguments, context: Context): Promise<ExitStatus> {
  const options = labOptions(given, context.dist);
  const hosts = await withLab('rehearse', options, context.cancel, context.say, async (lab) => {
    if (given.keep) {
      lab.keep();
      context.say(`The lab is kept in ${lab.folder.path} until \`mysql-ebs-snapshot-lab down\`.`);
    }
    return rehearse(lab, context, context.say);
  });
  const report = reportOf(hosts);
  if (report.outcome === 'done') {
    context.print(given.json ? `${JSON.stringify(report)}\n` : summarize(hosts));
    return 0;
  }
  const code = 'rehearsal-failed';
  const { meaning: message, hint, exit } = ERRORS[code];
  context.print(given.json ? `${JSON.stringify({ ...report, code, message, hint })}\n` : summarize(hosts));
  return exit;
}
