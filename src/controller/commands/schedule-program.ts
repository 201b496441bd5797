import type { Command } from 'commander';
import type { ScheduleChangeOptions, ScheduleOptions } from '../schedules/schedule-options.ts';
import { collect, DOCUMENT_NAME, examples, withDocumentOptions } from './common-options.ts';
import type { Context, ExitStatus } from './context.ts';
import { scheduleCreate, scheduleDelete, scheduleList, scheduleUpdate } from './schedule.ts';

/** `schedule create|list|update|delete` */
export function addScheduleCommands(program: Command, context: Context, ended: (status: ExitStatus) => void): void {
  const schedule = program.command('schedule').description('runs that State Manager starts by itself');

  changeCommand(schedule, 'create')
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
    .action(async (name: string, _options: unknown, command: Command) =>
      ended(await scheduleCreate(name, command.optsWithGlobals<ScheduleChangeOptions>(), context)),
    );

  named(schedule, 'list')
    .description('list the schedules: when, for whom, what became of the last run, and which document')
    .addHelpText('after', examples('schedule list', 'schedule list --json'))
    .action(async (_options: unknown, command: Command) =>
      ended(await scheduleList(command.optsWithGlobals<ScheduleOptions>(), context)),
    );

  changeCommand(schedule, 'update')
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
    .action(async (name: string, _options: unknown, command: Command) =>
      ended(await scheduleUpdate(name, command.optsWithGlobals<ScheduleChangeOptions>(), context)),
    );

  named(schedule, 'delete')
    .description('delete a schedule, all its roles; what runs of it goes on')
    .argument('<name>', 'its name, as `schedule list` has it')
    .addHelpText('after', examples('schedule delete nightly'))
    .action(async (name: string, _options: unknown, command: Command) =>
      ended(await scheduleDelete(name, command.optsWithGlobals<ScheduleOptions>(), context)),
    );

  schedule.addHelpText(
    'after',
    examples("schedule create nightly --target tag:Role=database --cron '0 3 * * *'", 'schedule list'),
  );
}

const named = (schedule: Command, verb: string): Command =>
  schedule.command(verb).option('--document-name <name>', 'the document as it was installed', DOCUMENT_NAME);

function changeCommand(schedule: Command, verb: 'create' | 'update'): Command {
  const command = named(schedule, verb)
    .argument('<name>', 'its name: letters, digits, _ and -')
    .option(
      '--target <tag:Key=Value>',
      'instances by tag (repeatable: the same key widens, another key narrows)',
      collect,
    )
    .option('--instance-ids <ids>', 'instances by id, separated by commas; @FILE, or - for stdin (repeatable)', collect)
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
    .option('--duration <hours>', 'cancel what has not ended after so many hours, 1 to 24');
  return withDocumentOptions(command).option('--tag <Key=Value>', 'more tags for the snapshots (repeatable)', collect);
}
