import * as v from 'valibot';
import type { Command } from './model.ts';

/** The filters of ListCommands and ListCommandInvocations, and the statuses that each takes [model: CommandFilter]. */

const COMMON = ['Pending', 'InProgress', 'Success', 'Cancelled', 'Failed', 'TimedOut', 'AccessDenied'] as const;
const TIMEOUTS = ['DeliveryTimedOut', 'ExecutionTimedOut'] as const;
export const COMMAND_STATUSES = [...COMMON, ...TIMEOUTS, 'Incomplete', 'NoInstancesInTag', 'LimitExceeded'] as const;
export const INVOCATION_STATUSES = [
  ...COMMON,
  ...TIMEOUTS,
  'Delayed',
  'Undeliverable',
  'InvalidPlatform',
  'Terminated',
] as const;

export const filterBy = (statuses: readonly string[]) =>
  v.variant('key', [
    v.strictObject({ key: v.literal('Status'), value: v.picklist(statuses) }),
    v.strictObject({ key: v.picklist(['InvokedAfter', 'InvokedBefore', 'DocumentName']), value: v.string() }),
  ]);
type Filter = v.InferOutput<ReturnType<typeof filterBy>>;

interface Filtered {
  readonly command: Command;
  readonly status: string;
  readonly detail: string;
}

/**
 * The test that all filters make. A status is asked for by its general name or by its detail: `Failed` finds what is
 * Undeliverable as well. That is the lab's reading: of `TimedOut` it is documented, of the others nothing is.
 */
export function byFilters<T>(filters: readonly Filter[], tell: (item: T) => Filtered): (item: T) => boolean {
  const tests = filters.map(testOf);
  return (item) => {
    if (tests.length === 0) return true;
    const told = tell(item);
    return tests.every((test) => test(told));
  };
}

function testOf({ key, value }: Filter): (told: Filtered) => boolean {
  switch (key) {
    case 'Status':
      return ({ status, detail }) => status === value || detail === value;
    case 'DocumentName':
      return ({ command }) => command.documentName === value;
    case 'InvokedAfter':
      return ({ command }) => command.requestedAt >= Date.parse(value);
    case 'InvokedBefore':
      return ({ command }) => command.requestedAt <= Date.parse(value);
  }
}
