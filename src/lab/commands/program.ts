import { Command } from 'commander';
import { COMMIT, VERSION } from '../../shared/version.ts';
import { DURABILITIES } from '../hosts/durability.ts';
import { DEFAULT_ROOT } from '../machine/lab-folder.ts';
import { INSTALLED_SERVER, SERVERS } from '../servers/server-name.ts';
import type { Context, ExitStatus } from './context.ts';
import { type DisturbArguments, disturbCommand } from './disturb.ts';
import { type DownArguments, downCommand } from './down.ts';
import type { LabArguments } from './options.ts';
import { type RehearseArguments, rehearseCommand } from './rehearse.ts';
import { type SoakArguments, soakCommand } from './soak.ts';
import { upCommand } from './up.ts';

/** The command line. `ended` is told the exit status of the command that ran. */
export function buildProgram(context: Context, ended: (status: ExitStatus) => void): Command {
  const program = new Command('mysql-ebs-snapshot-lab')
    .description('Runs mysql-ebs-snapshot on real databases and file systems of this machine, with an AWS of its own.')
    .version(`${VERSION} (${COMMIT})`)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });

  fleetCommand(program, 'rehearse')
    .description('take sets under a hostile write load, restore them, and prove that nothing is lost')
    .option('--level <level>', 'consistency of the sets: application, crash', 'application')
    .option(
      '--replica',
      'the other hosts are replicas of the first; every restored set becomes one, and is compared with it',
    )
    .option('--rounds <number>', 'how often, on the same hosts')
    .option(
      '--hostile',
      'change flush settings, redo logging and tables on another volume while sets are taken; a third of the sets must be good',
    )
    .option(
      '--seed <text>',
      'with --hostile, draw the changes that were drawn by this seed (default: another one each time)',
    )
    .option('--keep', 'leave file systems and servers standing for a look, until `down`')
    .addHelpText(
      'after',
      `
With --hostile a run may be refused or fail: its code and message are reported, and nothing of it is restored. Every good
set is restored, and has to hold all that was acknowledged before it. The exit status is 42 where a good set lost
something, or where of three sets or more less than a third are good; a run that needs manual intervention, or
meets a bug, ends the rehearsal with its own status.

Examples:
  mysql-ebs-snapshot-lab rehearse --hostile
  mysql-ebs-snapshot-lab rehearse --replica --rounds 20 --hostile --level crash --server mysql-9.7 --json
`,
    )
    .action(async (options: RehearseArguments) => ended(await rehearseCommand(options, context)));

  fleetCommand(program, 'up')
    .description('leave a lab standing, and print the environment for AWS clients')
    .action(async (options: LabArguments) => ended(await upCommand(options, context)));

  labCommand(program, 'disturb')
    .description('measure how long commits take while sets are taken, against how long they take anyway')
    .option('--level <level>', 'consistency of the sets: application, crash', 'crash')
    .option('--rounds <number>', 'stretches with a set, and as many without; eight seconds each round', '20')
    .action(async (options: DisturbArguments) => ended(await disturbCommand(options, context)));

  program
    .command('soak')
    .description(
      'kill and stop the agent at random moments under write load, change the world around it, and show that the host is never hurt',
    )
    .requiredOption('--kills <number>', 'how many kills; one or two seconds each, with what comes on top of them')
    .option('--seed <text>', 'draw the kills that were drawn by this seed (default: another one each time)')
    .option('--json', 'one line of JSON, the last one on stdout, instead of text')
    .option('--root <folder>', 'the folder of all labs', DEFAULT_ROOT)
    .addHelpText(
      'after',
      `
Runs the agent again and again on one host and kills it at random moments: the agent, its process group, its guard
(one process or all), or SIGTERM to the agent. On top of every ten kills it is stopped once, until the server and the
guard have released what it held; on top of every four, settings, tables, mounts or volumes change during a run. After
each run nothing may be frozen, locked or left, and no grade may lie. Exit status 0 says so, and that thaws and releases
came in time.

Example:
  mysql-ebs-snapshot-lab soak --kills 200 --seed friday --json
`,
    )
    .action(async (options: SoakArguments) => ended(await soakCommand(options, context)));

  program
    .command('down')
    .description('end the lab that `up` left standing, and sweep what crashed labs have left')
    .option('--json', 'one line of JSON on stdout')
    .option('--root <folder>', 'the folder of all labs', DEFAULT_ROOT)
    .action(async (options: DownArguments) => ended(await downCommand(options, context)));

  program.addHelpText(
    'after',
    `
Examples:
  mysql-ebs-snapshot-lab rehearse
  mysql-ebs-snapshot-lab rehearse --json --api-latency 300 --durability 2/0
  mysql-ebs-snapshot-lab rehearse --replica --rounds 50
  mysql-ebs-snapshot-lab rehearse --server mysql-9.7
  eval "$(mysql-ebs-snapshot-lab up)" && mysql-ebs-snapshot snapshot --target tag:Role=lab-database
  mysql-ebs-snapshot-lab soak --kills 20
  mysql-ebs-snapshot-lab down

Exit status: 0 done, 2 usage, 10-29 refused, 30-49 failed, 50-69 a person is needed, 130 cancelled.
`,
  );
  return program;
}

const fleetCommand = (program: Command, name: string): Command =>
  labCommand(program, name).option('--hosts <number>', 'simulated instances', '2');

const labCommand = (program: Command, name: string): Command =>
  program
    .command(name)
    .option('--json', 'one line of JSON, the last one on stdout, instead of text')
    .option('--server <name>', `what the hosts run: ${SERVERS.join(', ')}`, INSTALLED_SERVER)
    .option('--api-latency <ms>', 'answer time of CreateSnapshots', '0')
    .option(
      '--durability <x/y>',
      `innodb_flush_log_at_trx_commit/sync_binlog of the servers: ${DURABILITIES.join(', ')}`,
      '1/1',
    )
    .option('--root <folder>', 'the folder of all labs', DEFAULT_ROOT);
