import type { CommandProgress } from '../../ports.ts';

/** Hosts of commands, all together. */
export type Counts = Pick<CommandProgress, 'targets' | 'completed' | 'errors'>;

export function sumOf(all: Iterable<Counts>): Counts {
  const total = { targets: 0, completed: 0, errors: 0 };
  for (const { targets, completed, errors } of all) {
    total.targets += targets;
    total.completed += completed;
    total.errors += errors;
  }
  return total;
}
