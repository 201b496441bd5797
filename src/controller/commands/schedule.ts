import { RunError } from '../../shared/errors.ts';
import { associations } from '../aws/associations.ts';
import { type Clients, openClients } from '../aws/clients.ts';
import { documents } from '../aws/documents.ts';
import { inventory } from '../aws/inventory.ts';
import { parseDocumentName } from '../options/parse-values.ts';
import { presentProgress } from '../runs/show/progress.ts';
import { createSchedule } from '../schedules/create-schedule.ts';
import { deleteSchedule } from '../schedules/delete-schedule.ts';
import { findSchedules } from '../schedules/find-schedules.ts';
import { parseScheduleName } from '../schedules/schedule-name.ts';
import { newSchedule, scheduleChange } from '../schedules/schedule-options.ts';
import {
  deletedJson,
  formatDeleted,
  formatSchedule,
  formatSchedules,
  schedulesJson,
} from '../schedules/schedules-report.ts';
import { updateSchedule } from '../schedules/update-schedule.ts';
import { readIdLists } from '../system/id-lists.ts';
import { styleFor } from '../terminal/style.ts';
import {
  type CommandGroup,
  collect,
  commandGroup,
  DOCUMENT_NAME,
  examples,
  INSTANCES_BY_ID,
  INSTANCES_BY_TAG,
  type Program,
  withDocumentOptions,
} from './common-options.ts';
import type { Context } from './context.ts';
import { readOurDocument } from './our-document.ts';

/** `schedule create|list|update|delete` */
export function addScheduleCommands(program: Program, context: Context): void {
  const group = commandGroup(program, 'schedule', 'runs that State Manager starts by itself');
  addCreateCommand(group, context);
  addListCommand(group, context);
  addUpdateCommand(group, context);
  addDeleteCommand(group, context);
  group.addHelpText(
    'after',
    examples("schedule create nightly --target tag:Role=database --cron '0 3 * * *'", 'schedule list'),
  );
}

/** `schedule create NAME` */
function addCreateCommand(group: CommandGroup, context: Context): void {
  addChangeCommand(group, 'create')
    .description('schedule sets; nothing runs before its time')
    .option('--by <tag:Key>', 'hosts by the value of this tag, each with a --cron of its own, apart from the others')
    .addHelpText(
      'after',
      `${examples(
        "schedule create nightly --target tag:Role=database --cron '0 3 * * *'",
        "schedule create nightly --target tag:Env=prod --by tag:Role --cron 'replica=0 3 * * *' --cron 'source=0 5 * * 0'",
        "schedule create monthly --target tag:Role=database --cron 'cron(0 3 ? * TUE#2 *)' --offset 2 --severity high",
      )}
State Manager takes: every 30 minutes, every 1, 2, 4, 8 or 12 hours, a time every day, of a day of the week, or of an nth
or last one of the month; all UTC. Where nothing is said: --splay 300, --max-concurrency 100%, --max-errors 100%. With less
concurrency a role takes longer than the hour by which roles are kept apart: leave more room.
`,
    )
    .action(async (name, _options, command) => {
      const options = command.optsWithGlobals();
      const ours = await readOurDocument(options.documentName, '--document-name', context);
      const given = { ...options, instanceIds: await readIdLists(options.instanceIds) };
      const request = newSchedule(name, given, ours.content, context.clock.now());
      context.onForcedExit(leftScheduling(name));
      using clients = openClients(options);
      const { emit } = presentProgress(context.stderr, () => context.clock.now().getTime());
      const { parts, hosts } = await createSchedule(request, ours, portsOf(clients, context), emit, context.cancel);
      const sum = `'${name}' is made, for ${hosts} ${hosts === 1 ? 'host' : 'hosts'} as of now`;
      context.stdout.write(
        options.json === true ? `${schedulesJson(parts, { hosts })}\n` : formatSchedule(parts, sum, styleOf(context)),
      );
    });
}

/** `schedule list` */
function addListCommand(group: CommandGroup, context: Context): void {
  addNamingCommand(group, 'list')
    .description('list the schedules: when, for whom, what became of the last run, and which document')
    .addHelpText('after', examples('schedule list', 'schedule list --json'))
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const ours = await readOurDocument(options.documentName, '--document-name', context);
      using clients = openClients(options);
      const all = await findSchedules(ours, portsOf(clients, context));
      context.stdout.write(options.json === true ? `${schedulesJson(all)}\n` : formatSchedules(all, styleOf(context)));
    });
}

/** `schedule update NAME` */
function addUpdateCommand(group: CommandGroup, context: Context): void {
  addChangeCommand(group, 'update')
    .description('change what is given, keep everything else; without --run-now nothing runs before its time')
    .option('--document-version <current>', "current: pin the version of the document that is this program's")
    .addHelpText(
      'after',
      `${examples(
        "schedule update nightly --cron '30 2 * * *'",
        "schedule update nightly --cron 'replica=0 4 * * *' --splay 600",
        'schedule update nightly --document-version current',
      )}
none takes --offset, --duration or --output-s3 away.
`,
    )
    .action(async (text, _options, command) => {
      const options = command.optsWithGlobals();
      const ours = await readOurDocument(options.documentName, '--document-name', context);
      const name = parseScheduleName(text);
      const given = { ...options, instanceIds: await readIdLists(options.instanceIds) };
      const change = scheduleChange(given, ours.content);
      context.onForcedExit(leftScheduling(name));
      using clients = openClients(options);
      const { emit } = presentProgress(context.stderr, () => context.clock.now().getTime());
      const parts = await updateSchedule(name, change, ours, portsOf(clients, context), emit, context.cancel);
      context.stdout.write(
        options.json === true
          ? `${schedulesJson(parts)}\n`
          : formatSchedule(parts, `'${name}' is changed`, styleOf(context)),
      );
    });
}

/** `schedule delete NAME` */
function addDeleteCommand(group: CommandGroup, context: Context): void {
  addNamingCommand(group, 'delete')
    .description('delete a schedule, all its roles; what runs of it goes on')
    .argument('<name>', 'its name, as `schedule list` has it')
    .addHelpText('after', examples('schedule delete nightly'))
    .action(async (text, _options, command) => {
      const options = command.optsWithGlobals();
      const documentName = parseDocumentName(options.documentName, '--document-name');
      const name = parseScheduleName(text);
      context.onForcedExit(leftScheduling(name));
      using clients = openClients(options);
      const deleted = await deleteSchedule(name, documentName, portsOf(clients, context), context.cancel);
      context.stdout.write(options.json === true ? `${deletedJson(deleted)}\n` : formatDeleted(name, deleted));
    });
}

const addNamingCommand = (group: CommandGroup, verb: 'create' | 'list' | 'update' | 'delete') =>
  group.command(verb).option('--document-name <name>', 'the document as it was installed', DOCUMENT_NAME);

/** The arguments and options that `create` and `update` have in common. */
const addChangeCommand = (group: CommandGroup, verb: 'create' | 'update') =>
  withDocumentOptions(
    addNamingCommand(group, verb)
      .argument('<name>', 'its name: letters, digits, _ and -')
      .option('--target <tag:Key=Value>', INSTANCES_BY_TAG, collect)
      .option('--instance-ids <ids>', INSTANCES_BY_ID, collect)
      .option(
        '--cron <expression>',
        "when, in UTC: '0 3 * * *' or 'cron(0 3 ? * * *)'; of a role: 'ROLE=0 3 * * *'",
        collect,
      )
      .option('--rate <interval>', "again and again from now on, like '12 hours'; only with --run-now")
      .option('--offset <days>', 'so many days after the day of the week that --cron names, 1 to 6')
      .option('--run-now', 'also at once, whenever it is changed, and on each host that appears')
      .option('--max-concurrency <number|percent>', 'hosts at work at the same time')
      .option('--max-errors <number|percent>', 'begin on no further hosts after more failures than this')
      .option('--severity <level>', 'of a failure, for compliance: critical, high, medium, low, unspecified')
      .option('--output-s3 <s3://bucket/prefix>', "put the hosts' output there as well")
      .option('--duration <hours>', 'cancel what has not ended after so many hours, 1 to 24'),
  ).option('--tag <Key=Value>', 'more tags for the snapshots (repeatable)', collect);

const leftScheduling = (name: string) =>
  new RunError('outcome-unknown', `left at once; the schedule '${name}' may have been changed, or in part`, {
    hint: `See \`mysql-ebs-snapshot schedule list\`; \`schedule delete ${name}\` takes away all that there is of it.`,
  });

const portsOf = (clients: Clients, { clock }: Context) => ({
  documents: documents(clients),
  associations: associations(clients, clock),
  inventory: inventory(clients),
  clock,
});

const styleOf = ({ stdout, environment }: Context) => styleFor(stdout, environment);
