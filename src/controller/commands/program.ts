import { Command } from 'commander';
import { COMMIT, VERSION } from '../../shared/version.ts';
import type { GlobalOptions } from '../options/parse-values.ts';
import type { Operation } from '../ports.ts';
import type { PruneOptions } from '../retention/prune-options.ts';
import type { FleetOptions } from '../runs/run-options.ts';
import { collect, DOCUMENT_NAME, examples, withDocumentOptions } from './common-options.ts';
import type { Context, ExitStatus } from './context.ts';
import { type DocumentsOptions, documentsInstall, documentsStatus } from './documents.ts';
import { type ListOptions, listSets } from './list.ts';
import { pruneSets } from './prune.ts';
import { runOperation } from './run-operation.ts';
import { addScheduleCommands } from './schedule-program.ts';
import { showSet } from './show.ts';
import { type StatusOptions, showStatus } from './status.ts';

/** The command line. `ended` is told the exit status of the command that ran. */
export function buildProgram(context: Context, ended: (status: ExitStatus) => void): Command {
  const program = new Command('mysql-ebs-snapshot')
    .description(
      'Application-consistent EBS snapshots of MySQL and MariaDB on EC2, over a fleet, through Systems Manager.',
    )
    .version(`${VERSION} (${COMMIT})`)
    .option('--profile <name>', 'profile of the AWS configuration files')
    .option('--region <region>', 'AWS Region')
    .option('--json', 'one object of JSON as the last line of stdout, instead of text')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeErr: () => {} });

  fleetCommand(program, 'snapshot')
    .description('take a set of snapshots on each host')
    .addHelpText(
      'after',
      examples(
        'snapshot --instance-ids i-0123456789abcdef0',
        'snapshot --target tag:Role=database --max-concurrency 10%',
        'snapshot --target tag:Role=database --tag Team=db --json',
        'snapshot --target tag:Role=database --wave-by tag:Cluster --prefer tag:Duty=replica',
        'snapshot --target tag:Role=database --resume 20261122T030000Z-4f2a9c',
      ),
    )
    .action(async (_options: unknown, command: Command) => ended(await runFleet('snapshot', command)));

  fleetCommand(program, 'plan')
    .description('show what `snapshot` would take on each host, or why it would refuse; changes nothing')
    .addHelpText(
      'after',
      examples('plan --instance-ids i-0123456789abcdef0,i-0fedcba9876543210', 'plan --target tag:Role=database --json'),
    )
    .action(async (_options: unknown, command: Command) => ended(await runFleet('plan', command)));

  program
    .command('list')
    .description('list the sets, newest first')
    .option('--instance-ids <ids>', ONLY_INSTANCES, collect)
    .addHelpText('after', examples('list', 'list --instance-ids i-0123456789abcdef0 --json'))
    .action(async (_options: unknown, command: Command) =>
      ended(await listSets(command.optsWithGlobals<ListOptions>(), context)),
    );

  program
    .command('show')
    .description('show a set: what it is worth, its members and coordinates')
    .argument('<set>', 'its name, as `list` has it: <run id>/<instance id>')
    .addHelpText('after', examples('show 20261122T030000Z-4f2a9c/i-0123456789abcdef0'))
    .action(async (set: string, _options: unknown, command: Command) =>
      ended(await showSet(set, command.optsWithGlobals<GlobalOptions>(), context)),
    );

  program
    .command('status')
    .description('tell whether every host, or every cluster, has a good set that is young enough')
    .option('--instance-ids <ids>', 'instances by id, separated by commas; @FILE, or - for stdin (repeatable)', collect)
    .option('--target <tag:Key=Value>', 'instances by tag (repeatable)', collect)
    .option('--max-age <duration>', 'how old the newest good set may be: 26h, 2d, 1w', '26h')
    .option('--by <tag:Key>', 'hosts with the same value of this tag are a cluster: a good set of one is enough')
    .option('--prometheus <file>', "write the same for the node exporter's textfile collector")
    .addHelpText(
      'after',
      `${examples(
        'status --target tag:Role=database',
        'status --target tag:Role=database --by tag:Cluster --max-age 8h --json',
        'status --target tag:Role=database --prometheus /var/lib/node_exporter/mysql-ebs-snapshot.prom',
      )}
Exit status: 0 all are fresh, 45 one is not.
`,
    )
    .action(async (_options: unknown, command: Command) =>
      ended(await showStatus(command.optsWithGlobals<StatusOptions>(), context)),
    );

  program
    .command('prune')
    .description('show which sets the rules would delete, host by host; with --apply, delete them')
    .option('--instance-ids <ids>', ONLY_INSTANCES, collect)
    .option('--keep-last <n>', 'keep the newest n good sets of each host')
    .option('--keep-hourly <n>', 'keep the newest good set of each of n hours that have one (UTC)')
    .option('--keep-daily <n>', 'the same of n days')
    .option('--keep-weekly <n>', 'the same of n weeks, from Monday')
    .option('--keep-monthly <n>', 'the same of n months')
    .option('--keep-yearly <n>', 'the same of n years')
    .option('--keep-within <duration>', "keep what is younger than this, from the host's newest good set: 36h, 14d, 8w")
    .option('--keep-minimum <n>', 'however little the rules keep, so many good sets stay', '1')
    .option('--apply', 'do it')
    .addHelpText(
      'after',
      `${examples('prune --keep-last 7', 'prune --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --apply')}
Kept whatever the rules: the newest good and the newest verified set of a host, what is locked, what EBS has not
completed, and what nothing but its own tags says is of the host. Sets that are not good count for nothing, and
go once the host has a newer good one.
`,
    )
    .action(async (_options: unknown, command: Command) =>
      ended(await pruneSets(command.optsWithGlobals<PruneOptions>(), context)),
    );

  addScheduleCommands(program, context, ended);

  const documents = program.command('documents').description('the Command document in Systems Manager');
  documents
    .command('install')
    .description('create or update the document, and make the new version the default')
    .option('--name <name>', 'name of the document', DOCUMENT_NAME)
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', examples('documents install --region eu-central-1', 'documents install --dry-run'))
    .action(async (_options: unknown, command: Command) =>
      ended(await documentsInstall(command.optsWithGlobals<DocumentsOptions>(), context)),
    );
  documents
    .command('status')
    .description('compare the installed document with the one of this program')
    .option('--name <name>', 'name of the document', DOCUMENT_NAME)
    .addHelpText('after', examples('documents status', 'documents status --json'))
    .action(async (_options: unknown, command: Command) =>
      ended(await documentsStatus(command.optsWithGlobals<DocumentsOptions>(), context)),
    );
  documents.addHelpText('after', examples('documents install', 'documents status'));

  program.addHelpText(
    'after',
    `${examples('documents install', 'plan --target tag:Role=database', 'snapshot --target tag:Role=database')}
Exit status: 0 every targeted host is done, 2 usage, 10-29 refused (untouched), 30-49 failed (undone),
50-69 a person is needed first on one host or more, 130 cancelled and undone.
`,
  );
  return program;

  function runFleet(operation: Operation, command: Command): Promise<ExitStatus> {
    return runOperation(operation, command.optsWithGlobals<FleetOptions>(), context);
  }
}

function fleetCommand(program: Command, operation: Operation): Command {
  const command = program
    .command(operation)
    .option('--instance-ids <ids>', 'instances by id, separated by commas; @FILE, or - for stdin (repeatable)', collect)
    .option(
      '--target <tag:Key=Value>',
      'instances by tag (repeatable: the same key widens, another key narrows)',
      collect,
    )
    .option('--max-concurrency <number|percent>', 'hosts at work at the same time (default: 50)')
    .option('--max-errors <number|percent>', 'stop sending to further hosts after more failures than this', '100%')
    .option('--timeout <seconds>', 'how long a host may take to pick the command up', '600')
    .option('--comment <text>', 'comment in the command history, at most 100 characters')
    .option('--run-id <id>', 'name of the new run (default: made of the time)')
    .option('--document-name <name>', 'the document as it was installed', DOCUMENT_NAME);
  withDocumentOptions(command);
  if (operation === 'plan')
    return command.option('--tag <Key=Value>', 'tags as `snapshot` would be given (repeatable)', collect);
  return command
    .option('--tag <Key=Value>', 'more tags for the snapshots (repeatable)', collect)
    .option('--wave-by <tag:Key>', 'hosts with the same value of this tag are a cluster: of each, one at a time')
    .option('--prefer <tag:Key=Value>', 'with --wave-by: members with this tag come before the others of their cluster')
    .option('--until <state>', 'over when the sets are `pending` in EBS, or `completed`', 'pending')
    .option('--resume <run>', 'go on with a run that was broken off or halted: no host is done twice');
}

const ONLY_INSTANCES = 'only sets of these instances, separated by commas; @FILE, or - for stdin (repeatable)';
