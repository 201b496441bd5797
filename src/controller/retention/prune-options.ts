import { RunError } from '../../shared/errors.ts';
import { parseDuration } from '../options/parse-values.ts';
import { parseInstanceIds } from '../targets/scope.ts';
import type { KeepRules } from './keep-rules.ts';
import type { PruneRequest } from './prune.ts';

/** The options of `prune`, as commander hands them over: text, not yet proven. */
export interface PruneOptions {
  readonly instanceIds?: readonly string[];
  readonly keepLast?: string;
  readonly keepHourly?: string;
  readonly keepDaily?: string;
  readonly keepWeekly?: string;
  readonly keepMonthly?: string;
  readonly keepYearly?: string;
  readonly keepWithin?: string;
  readonly keepMinimum: string;
  readonly retireServer?: readonly string[];
  readonly apply?: true;
}

/** The request of a command line. Throws `usage`, naming the wrong value. */
export function pruneRequest(options: PruneOptions): PruneRequest {
  const retired = (options.retireServer ?? []).map(parseServerKey);
  return {
    instances: parseInstanceIds(options.instanceIds ?? []),
    rules: parseRules(options, retired.length > 0),
    retired,
    apply: options.apply === true,
  };
}

/** `undefined` where no rule is given, which throws `usage` unless it `isOptional`. */
function parseRules(options: PruneOptions, isOptional: boolean): KeepRules | undefined {
  const rules: KeepRules = {
    last: parseCount(options.keepLast, '--keep-last'),
    hourly: parseCount(options.keepHourly, '--keep-hourly'),
    daily: parseCount(options.keepDaily, '--keep-daily'),
    weekly: parseCount(options.keepWeekly, '--keep-weekly'),
    monthly: parseCount(options.keepMonthly, '--keep-monthly'),
    yearly: parseCount(options.keepYearly, '--keep-yearly'),
    withinMs: options.keepWithin === undefined ? 0 : parseDuration(options.keepWithin, '--keep-within'),
    minimum: Math.max(1, parseCount(options.keepMinimum, '--keep-minimum')),
  };
  const { minimum: _always, ...asked } = rules;
  if (Object.values(asked).some((keeps) => keeps > 0)) return rules;
  if (isOptional) return undefined;
  throw new RunError('usage', 'no rule says what to keep', {
    hint: 'Give at least one of --keep-last, -hourly, -daily, -weekly, -monthly, -yearly, --keep-within.',
  });
}

function parseServerKey(text: string): string {
  if (/^[0-9a-f]{12}$/.test(text)) return text;
  throw new RunError('usage', `'${text}' is not valid for --retire-server`, {
    hint: 'Give the key of a server: 12 hexadecimal digits, as `status` and `list --json` show it.',
  });
}

function parseCount(text: string | undefined, option: string): number {
  if (text === undefined) return 0;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new RunError('usage', `'${text}' is not valid for ${option}`, { hint: 'Give a number of sets, 0 to 99999.' });
}
