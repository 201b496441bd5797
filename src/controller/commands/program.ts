import { Command } from '@commander-js/extra-typings';
import { COMMIT, VERSION } from '../../shared/version.ts';
import { examples, type Program, withGlobalOptions } from './common-options.ts';
import type { Context } from './context.ts';
import { addDocumentsCommands } from './documents.ts';
import { addListCommand } from './list.ts';
import { addPlanCommand } from './plan.ts';
import { addPruneCommand } from './prune.ts';
import { addScheduleCommands } from './schedule.ts';
import { addShowCommand } from './show.ts';
import { addSnapshotCommand } from './snapshot.ts';
import { addStatusCommand } from './status.ts';

/** The command line: every command, in the order of the help. */
export function buildProgram(context: Context): Program {
  const program = withGlobalOptions(
    new Command('mysql-ebs-snapshot')
      .description(
        'Application-consistent EBS snapshots of MySQL and MariaDB on EC2, over a fleet, through Systems Manager.',
      )
      .version(`${VERSION} (${COMMIT})`),
  )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeErr: () => {} });

  addSnapshotCommand(program, context);
  addPlanCommand(program, context);
  addListCommand(program, context);
  addShowCommand(program, context);
  addStatusCommand(program, context);
  addPruneCommand(program, context);
  addScheduleCommands(program, context);
  addDocumentsCommands(program, context);

  return program.addHelpText(
    'after',
    `${examples('documents install', 'plan --target tag:Role=database', 'snapshot --target tag:Role=database')}
Exit status: 0 every targeted host is done, 2 usage, 10-29 refused (untouched), 30-49 failed (undone),
50-69 a person is needed first on one host or more, 130 cancelled and undone.
`,
  );
}
