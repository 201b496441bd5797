import { randomBytes } from 'node:crypto';
import { RunError } from '../../shared/errors.ts';
import { SetLevel } from '../../shared/result.ts';
import { DURABILITIES } from '../hosts/durability.ts';
import { checkRoot } from '../machine/lab-folder.ts';
import { SERVERS } from '../servers/server-name.ts';
import type { LabOptions } from '../standing/standing-lab.ts';

const MOST_HOSTS = 8;
const LONGEST_LATENCY_MS = 60_000;

/** The options of `rehearse` and `up`, as commander hands them over: text, not yet proven. */
export interface LabArguments {
  readonly json?: true;
  readonly hosts: string;
  readonly server: string;
  readonly durability: string;
  readonly apiLatency: string;
  readonly root: string;
}

/** Throws RunError `usage` that names the wrong value. */
export function labOptions(given: LabArguments, dist: string): LabOptions {
  return {
    root: checkRoot(given.root),
    dist,
    hosts: wholeNumber('--hosts', given.hosts, 1, MOST_HOSTS),
    server: oneOf('--server', given.server, SERVERS, 'one of '),
    durability: oneOf('--durability', given.durability, DURABILITIES, 'innodb_flush_log_at_trx_commit/sync_binlog: '),
    apiLatencyMs: wholeNumber('--api-latency', given.apiLatency, 0, LONGEST_LATENCY_MS),
  };
}

/** Throws RunError `usage` that names the wrong value. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, {
    hint: `Give a whole number from ${least} to ${most}.`,
  });
}

/** Throws RunError `usage` that names the wrong value. */
export const levelOf = (text: string): SetLevel => oneOf('--level', text, SetLevel.options, 'one of ');

/** What random draws are made of, another one each time where none is given. Throws RunError `usage` that names the wrong value. */
export function seedOf(seed: string = randomBytes(4).toString('hex')): string {
  if (/^[\w.-]{1,40}$/.test(seed)) return seed;
  throw new RunError('usage', `'${seed}' is not valid for --seed`, { hint: 'Give at most 40 letters, digits and _.-' });
}

function oneOf<T extends string>(option: string, text: string, values: readonly T[], what: string): T {
  const found = values.find((each) => each === text);
  if (found) return found;
  throw new RunError('usage', `'${text}' is not valid for ${option}`, { hint: `Give ${what}${values.join(', ')}.` });
}
