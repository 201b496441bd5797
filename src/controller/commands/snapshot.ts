import { collect, examples, type Program } from './common-options.ts';
import type { Context } from './context.ts';
import { fleetCommand, runOperation } from './run-operation.ts';

/** `snapshot` */
export function addSnapshotCommand(program: Program, context: Context): void {
  fleetCommand(program, 'snapshot')
    .description('take a set of snapshots on each host')
    .option('--tag <Key=Value>', 'more tags for the snapshots (repeatable)', collect)
    .option('--wave-by <tag:Key>', 'hosts with the same value of this tag are a cluster: of each, one at a time')
    .option('--prefer <tag:Key=Value>', 'with --wave-by: members with this tag come before the others of their cluster')
    .option('--until <state>', 'over when the sets are `pending` in EBS, or `completed`', 'pending')
    .option('--resume <run>', 'go on with a run that was broken off or halted: no host is done twice')
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
    .action((_options, command) => runOperation('snapshot', command.optsWithGlobals(), context));
}
