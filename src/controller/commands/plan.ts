import { collect, examples, type Program } from './common-options.ts';
import type { Context } from './context.ts';
import { fleetCommand, runOperation } from './run-operation.ts';

/** `plan` */
export function addPlanCommand(program: Program, context: Context): void {
  fleetCommand(program, 'plan')
    .description('show what `snapshot` would take on each host, or why it would refuse; changes nothing')
    .option('--tag <Key=Value>', 'tags as `snapshot` would be given (repeatable)', collect)
    .addHelpText(
      'after',
      examples('plan --instance-ids i-0123456789abcdef0,i-0fedcba9876543210', 'plan --target tag:Role=database --json'),
    )
    .action((_options, command) => runOperation('plan', command.optsWithGlobals(), context));
}
