import { RunError } from '../../shared/errors.ts';
import { type DocumentOptions, givenParameters } from '../documents/document-options.ts';
import { documentParameters } from '../documents/document-parameters.ts';
import { parseDocumentName, parseShare, parseTagKey } from '../options/parse-values.ts';
import type { ComplianceSeverity, OutputLocation, Scope, TagTarget } from '../ports.ts';
import { parseScope, SEND_LIMITS } from '../targets/scope.ts';
import { parseCron, parseRate } from './parse-schedule.ts';
import {
  type NewSchedule,
  refuseContradiction,
  refuseMeetingRoles,
  type ScheduleChange,
  type SchedulePart,
  togetherNow,
} from './plan-schedule.ts';
import { expressionOf, type Schedule } from './schedule.ts';
import { parseScheduleName } from './schedule-name.ts';

/** The options of `schedule create` and `schedule update`, as commander hands them over: text, not yet proven. */
export interface ScheduleChangeOptions extends DocumentOptions {
  readonly documentName: string;
  readonly instanceIds?: readonly string[];
  readonly target?: readonly string[];
  readonly cron?: readonly string[];
  readonly rate?: string;
  readonly offset?: string;
  readonly runNow?: true;
  readonly maxConcurrency?: string;
  readonly maxErrors?: string;
  readonly severity?: string;
  readonly outputS3?: string;
  readonly duration?: string;
  /** Of `create` alone. */
  readonly by?: string;
  /** Of `update` alone. */
  readonly documentVersion?: string;
}

/** Where nothing is said: hosts that begin together end within the hour that other roles are kept away. */
const ALL_AT_ONCE = '100%';
/** Seconds, where nothing is said: a fleet does not call AWS in the same instant, night after night. */
const USUAL_SPLAY = '300';

/** The request of `schedule create`. Throws `usage` or `no-target`, naming the wrong value. */
export function newSchedule(
  name: string,
  options: ScheduleChangeOptions,
  documentText: string,
  now: Date,
): NewSchedule {
  const scope = parseTargets(options);
  const parts = options.by === undefined ? onePart(scope, options) : partsByRole(scope, options.by, options);
  refuseMeetingRoles(parts, now);
  const runNow = options.runNow === true;
  const offsetDays = some(parseNumber(options.offset, '--offset', 6));
  const durationHours = some(parseNumber(options.duration, '--duration', 24));
  for (const { schedule } of parts)
    refuseContradiction({
      expression: expressionOf(schedule),
      applyOnlyAtCronInterval: !runNow,
      offsetDays,
      durationHours,
    });
  return {
    name: parseScheduleName(name),
    scope,
    parts,
    offsetDays,
    runNow,
    documentName: parseDocumentName(options.documentName, '--document-name'),
    parameters: parametersOf({ ...options, splay: options.splay ?? USUAL_SPLAY }, documentText, true),
    maxConcurrency: parseShare(options.maxConcurrency ?? ALL_AT_ONCE, '--max-concurrency', 1),
    maxErrors: parseShare(options.maxErrors ?? ALL_AT_ONCE, '--max-errors', 0),
    severity: parseSeverity(options.severity),
    output: some(parseOutput(options.outputS3)),
    durationHours,
  };
}

/** The request of `schedule update`. Throws `usage`, naming the wrong value. */
export function scheduleChange(options: ScheduleChangeOptions, documentText: string): ScheduleChange {
  const { instanceIds = [], target = [], documentVersion, maxConcurrency, maxErrors } = options;
  if (documentVersion !== undefined && documentVersion !== 'current') {
    throw new RunError('usage', `'${documentVersion}' is not valid for --document-version`, {
      hint: "Give current: it pins the version that is this program's.",
    });
  }
  const change: ScheduleChange = {
    schedules: timesByRole(options),
    scope: instanceIds.length + target.length === 0 ? undefined : parseTargets(options),
    offsetDays: parseNumber(options.offset, '--offset', 6),
    runNow: options.runNow === true,
    repin: documentVersion !== undefined,
    parameters: parametersOf(options, documentText, false),
    maxConcurrency: maxConcurrency === undefined ? undefined : parseShare(maxConcurrency, '--max-concurrency', 1),
    maxErrors: maxErrors === undefined ? undefined : parseShare(maxErrors, '--max-errors', 0),
    severity: parseSeverity(options.severity),
    output: parseOutput(options.outputS3),
    durationHours: parseNumber(options.duration, '--duration', 24),
  };
  const { schedules, parameters, ...others } = change;
  if (schedules.size + Object.keys(parameters).length + Object.values(others).filter(Boolean).length > 0) return change;
  throw new RunError('usage', 'nothing is given that is to change', {
    hint: "Give at least one option, like --cron '0 4 * * *'; what is not given stays as it is.",
  });
}

function parseTargets({ instanceIds = [], target = [] }: ScheduleChangeOptions): Scope {
  const scope = parseScope(instanceIds, target);
  if (scope.by === 'tags' || scope.ids.length <= SEND_LIMITS.ids) return scope;
  throw new RunError('usage', `${scope.ids.length} instance ids are given, an association takes ${SEND_LIMITS.ids}`, {
    hint: 'Name the hosts by a tag: --target tag:Key=Value.',
  });
}

type Parts = NewSchedule['parts'];

function onePart(scope: Scope, options: ScheduleChangeOptions): Parts {
  const [[role, schedule] = [], ...more] = timesByRole(options);
  if (schedule === undefined) throw noTime();
  if (role === undefined && more.length === 0) return [{ role, scope, schedule }];
  throw new RunError('usage', `--cron names a role, '${role ?? more[0]?.[0]}', and no --by says of which tag`, {
    hint: "Give --by tag:Key as well: hosts are told apart by that tag's value.",
  });
}

/** One part for each role, all with the same targets but for the role's own. */
function partsByRole(scope: Scope, by: string, options: ScheduleChangeOptions): Parts {
  const key = parseTagKey(by, '--by');
  if (scope.by === 'ids') {
    throw new RunError('usage', '--by and --instance-ids exclude each other', {
      hint: 'Systems Manager takes targets by tag or by id: name the hosts with --target tag:Key=Value.',
    });
  }
  if (options.runNow === true || options.rate !== undefined) throw togetherNow();
  const [first, ...rest] = [...timesByRole(options)].map(([role, schedule]): SchedulePart => {
    if (role === undefined) {
      throw new RunError('usage', '--cron names no role', {
        hint: `With --by, give one for each value of the tag, like --cron 'replica=0 3 * * *'.`,
      });
    }
    return { role, scope: narrowed(scope.tags, key, role), schedule };
  });
  if (first === undefined) throw noTime();
  return [first, ...rest];
}

/** Those of the targets whose tag has this one value. */
function narrowed(tags: readonly TagTarget[], key: string, role: string): Scope {
  const named = tags.find((tag) => tag.key === key);
  if (named !== undefined && !named.values.includes(role)) {
    throw new RunError('usage', `--cron is for tag:${key}=${role}, which --target leaves out`, {
      hint: `Give --target tag:${key}=${role} as well, or leave tag:${key} out of the targets.`,
    });
  }
  const others = tags.filter((tag) => tag !== named);
  if (others.length < SEND_LIMITS.targetKeys) return { by: 'tags', tags: [...others, { key, values: [role] }] };
  throw new RunError('usage', `--by is one tag key more than Systems Manager takes (${SEND_LIMITS.targetKeys})`, {
    hint: 'Give fewer different --target keys.',
  });
}

/** The times of `--cron` (each perhaps for a role) or `--rate`. */
function timesByRole({ cron = [], rate }: ScheduleChangeOptions): ReadonlyMap<string | undefined, Schedule> {
  const times = new Map<string | undefined, Schedule>();
  if (rate !== undefined) {
    if (cron.length > 0) {
      throw new RunError('usage', '--cron and --rate exclude each other', { hint: 'Give one of them.' });
    }
    return times.set(undefined, parseRate(rate));
  }
  for (const text of cron) {
    const [, role, expression] = /^([^=]*)=(.*)$/.exec(text) ?? [undefined, undefined, text];
    if (times.has(role)) {
      const whose = role === undefined ? '--cron is given twice' : `--cron is given twice for '${role}'`;
      throw new RunError('usage', whose, {
        hint: 'A schedule has one time; make a second one for a second time, or give roles of their own with --by.',
      });
    }
    times.set(role, parseCron(expression ?? ''));
  }
  return times;
}

const noTime = (): RunError =>
  new RunError('usage', 'no time is given', { hint: "Give --cron, like '0 3 * * *' (UTC), or --rate with --run-now." });

function parametersOf(options: DocumentOptions, documentText: string, isNew: boolean): Record<string, string> {
  const operation = isNew ? [{ name: 'Operation', option: 'the operation', value: 'snapshot' }] : [];
  return documentParameters(documentText, [...operation, ...givenParameters(options)]);
}

function parseNumber(text: string | undefined, option: string, most: number): number | 'none' | undefined {
  if (text === undefined || text === 'none') return text;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 1 && number <= most) return number;
  const unit = option === '--offset' ? 'days' : 'hours';
  throw new RunError('usage', `'${text}' is not valid for ${option}`, { hint: `Give ${unit}, 1 to ${most}; or none.` });
}

const some = <T>(given: T | 'none' | undefined): T | undefined => (given === 'none' ? undefined : given);

const SEVERITIES: readonly ComplianceSeverity[] = ['critical', 'high', 'medium', 'low', 'unspecified'];

function parseSeverity(text: string | undefined): ComplianceSeverity | undefined {
  const severity = SEVERITIES.find((each) => each === text?.toLowerCase());
  if (severity !== undefined || text === undefined) return severity;
  throw new RunError('usage', `'${text}' is not valid for --severity`, { hint: `One of ${SEVERITIES.join(', ')}.` });
}

/** `s3://bucket/prefix`, with the limits of the API model. */
function parseOutput(text: string | undefined): OutputLocation | 'none' | undefined {
  if (text === undefined || text === 'none') return text;
  const [, bucket, prefix] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.{0,500}))?$/.exec(text) ?? [];
  if (bucket !== undefined) return { bucket, prefix: prefix?.replace(/\/$/, '') || undefined, region: undefined };
  throw new RunError('usage', `'${text}' is not valid for --output-s3`, {
    hint: 'The form is s3://bucket/prefix; or none.',
  });
}
