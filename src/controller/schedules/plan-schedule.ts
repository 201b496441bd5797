import { RunError } from '../../shared/errors.ts';
import type {
  Association,
  AssociationSettings,
  ComplianceSeverity,
  FleetInstance,
  OutputLocation,
  Scope,
} from '../ports.ts';
import { firstOverlap } from './first-overlap.ts';
import { readSchedule } from './parse-schedule.ts';
import { expressionOf, type Schedule } from './schedule.ts';
import { associationName, type ScheduleName, scheduleOf } from './schedule-name.ts';

/** A schedule that is to be made, parsed and complete. */
export interface NewSchedule extends Particulars {
  readonly name: ScheduleName;
  /** Whom it is for, all parts together. */
  readonly scope: Scope;
  /** Each an association of its own. */
  readonly parts: readonly [SchedulePart, ...SchedulePart[]];
  readonly offsetDays: number | undefined;
  readonly runNow: boolean;
  readonly documentName: string;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
}

/** The hosts of a role (or all), and when they run. */
export interface SchedulePart {
  /** The value of the tag that tells the roles apart; `undefined` where none does. */
  readonly role: string | undefined;
  readonly scope: Scope;
  readonly schedule: Schedule;
}

interface Particulars {
  /** The parameters of the document, by their names there; never a run id: each host makes one. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly severity: ComplianceSeverity | undefined;
  readonly output: OutputLocation | undefined;
  readonly durationHours: number | undefined;
}

/** What is to change; `undefined` is kept as it is, `none` is taken away. */
export interface ScheduleChange {
  /** By role; of a schedule without roles by `undefined`. */
  readonly schedules: ReadonlyMap<string | undefined, Schedule>;
  readonly scope: Scope | undefined;
  readonly offsetDays: number | 'none' | undefined;
  readonly runNow: boolean;
  /** Pins the version of the document that is this program's. */
  readonly repin: boolean;
  readonly parameters: Readonly<Record<string, string>>;
  readonly maxConcurrency: string | undefined;
  readonly maxErrors: string | undefined;
  readonly severity: ComplianceSeverity | undefined;
  readonly output: OutputLocation | 'none' | undefined;
  readonly durationHours: number | 'none' | undefined;
}

/** The associations of a new schedule, pinned to a version of the document. Throws `usage` where roles would meet. */
export function planSchedule(request: NewSchedule, documentVersion: string): readonly AssociationSettings[] {
  const planned = request.parts.map(
    ({ role, scope, schedule }): AssociationSettings => ({
      name: associationName(request.name, role),
      document: { name: request.documentName, version: documentVersion },
      targets: targetsOf(scope),
      parameters: listed(request.parameters),
      expression: expressionOf(schedule),
      offsetDays: request.offsetDays,
      applyOnlyAtCronInterval: !request.runNow,
      maxConcurrency: request.maxConcurrency,
      maxErrors: request.maxErrors,
      severity: request.severity,
      output: request.output,
      durationHours: request.durationHours,
    }),
  );
  const names = planned.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new RunError('usage', `two roles would have the same association, '${twice}'`, {
      hint: 'Give each role one --cron; roles have to differ in their letters and digits.',
    });
  }
  return planned;
}

/**
 * What the associations of a schedule become. Throws `usage` where the change is not for this schedule.
 * `documentVersion`: the one that is this program's.
 */
export function planChange(
  associations: readonly Association[],
  change: ScheduleChange,
  documentVersion: string,
): readonly AssociationSettings[] {
  const roles = associations.map(({ settings }) => scheduleOf(settings.name)?.role);
  refuseOtherRoles(roles, change);
  return associations.map(({ settings }, at) => changed(settings, roles[at], change, documentVersion));
}

function refuseOtherRoles(roles: readonly (string | undefined)[], { schedules, scope, runNow }: ScheduleChange): void {
  const withRoles = roles.some((role) => role !== undefined);
  for (const role of schedules.keys()) {
    if (roles.includes(role)) continue;
    const said = role === undefined ? '--cron names no role, and this schedule has roles' : `it has no role '${role}'`;
    throw new RunError('usage', said, {
      hint: withRoles
        ? `Give --cron 'ROLE=…' with one of ${roles.join(', ')}.`
        : "It has no roles: give --cron '…' without one.",
    });
  }
  if (!withRoles) return;
  if (scope !== undefined) {
    throw new RunError('usage', 'the targets of a schedule with roles cannot be changed', {
      hint: 'Delete it, and create it again with other targets.',
    });
  }
  if (runNow) throw togetherNow();
}

/** All roles at once is what roles are there to prevent. */
export const togetherNow = (): RunError =>
  new RunError('usage', '--run-now would take all roles together', {
    hint: 'Leave it out; for a set of now there is `mysql-ebs-snapshot snapshot`.',
  });

function changed(
  before: AssociationSettings,
  role: string | undefined,
  change: ScheduleChange,
  documentVersion: string,
): AssociationSettings {
  const schedule = change.schedules.get(role);
  const after: AssociationSettings = {
    ...before,
    document: change.repin ? { ...before.document, version: documentVersion } : before.document,
    targets: change.scope === undefined ? before.targets : targetsOf(change.scope),
    parameters: { ...before.parameters, ...listed(change.parameters) },
    expression: schedule === undefined ? before.expression : expressionOf(schedule),
    offsetDays: replaced(before.offsetDays, change.offsetDays),
    // State Manager runs an association that is changed at once, unless it is told again to wait [model].
    applyOnlyAtCronInterval: !change.runNow,
    maxConcurrency: change.maxConcurrency ?? before.maxConcurrency,
    maxErrors: change.maxErrors ?? before.maxErrors,
    severity: change.severity ?? before.severity,
    output: replaced(before.output, change.output),
    durationHours: replaced(before.durationHours, change.durationHours),
  };
  refuseContradiction(after);
  const setsParameters = Object.keys(change.parameters).length > 0;
  if (setsParameters && after.document.version !== documentVersion) {
    throw new RunError(
      'usage',
      `'${before.name}' is pinned to version ${before.document.version} of the document, which is not this program's`,
      { hint: 'Give --document-version current as well: this program knows the parameters of its own document.' },
    );
  }
  return after;
}

const replaced = <T>(before: T | undefined, change: T | 'none' | undefined): T | undefined =>
  change === 'none' ? undefined : (change ?? before);

/** What State Manager refuses together, or what would not do what it says [doc and model]. Throws `usage`. */
export function refuseContradiction({
  expression,
  applyOnlyAtCronInterval,
  offsetDays,
  durationHours,
}: Pick<AssociationSettings, 'expression' | 'applyOnlyAtCronInterval' | 'offsetDays' | 'durationHours'>): void {
  const schedule = expression === undefined ? undefined : readSchedule(expression);
  if (applyOnlyAtCronInterval && (expression === undefined || schedule?.kind === 'rate')) {
    throw new RunError('usage', 'State Manager runs a rate at once, when it is made and whenever it is changed', {
      hint: 'Give --run-now if that is meant, or a --cron, which waits for its time.',
    });
  }
  if (offsetDays !== undefined) {
    const every = schedule?.kind === 'cron' ? schedule.cadence.every : undefined;
    if (every !== 'week' && every !== 'month') {
      throw new RunError('usage', '--offset counts days from a day of the week, and the schedule names none', {
        hint: "Give a --cron with one, like 'cron(0 3 ? * TUE#2 *)', or leave --offset out.",
      });
    }
    if (!applyOnlyAtCronInterval) throw notAtOnce('--offset');
  }
  if (durationHours !== undefined && !applyOnlyAtCronInterval) throw notAtOnce('--duration');
}

const notAtOnce = (option: string): RunError =>
  new RunError('usage', `State Manager knows no ${option} together with --run-now`, { hint: 'Give one of them.' });

/** What the document gives a run, its splay included (`timeoutSeconds`). */
export const LONGEST_RUN_MS = 3_600_000;

/** Throws `usage` where a run of one role may begin while one of another is under way. */
export function refuseMeetingRoles(
  roles: readonly { readonly role: string | undefined; readonly schedule: Schedule | undefined }[],
  now: Date,
): void {
  roles.forEach(({ role, schedule: one }, at) => {
    for (const { role: otherRole, schedule: other } of roles.slice(at + 1)) {
      if (one?.kind !== 'cron' || other?.kind !== 'cron') continue;
      const meeting = firstOverlap(one.cadence, other.cadence, LONGEST_RUN_MS, now);
      if (meeting === undefined) continue;
      const when = `${meeting.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
      throw new RunError('usage', `'${role}' and '${otherRole}' would run within an hour of each other, on ${when}`, {
        hint: 'A run may take an hour, its splay included: give the roles times that are an hour or more apart.',
      });
    }
  });
}

const listed = (parameters: Readonly<Record<string, string>>): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]]));

const targetsOf = (scope: Scope): AssociationSettings['targets'] =>
  scope.by === 'ids'
    ? [{ key: 'InstanceIds', values: scope.ids }]
    : scope.tags.map(({ key, values }) => ({ key: `tag:${key}`, values }));

/** Whether an instance is one of a scope's. */
export function isIn(scope: Scope, { instanceId, tags }: FleetInstance): boolean {
  if (scope.by === 'ids') return scope.ids.includes(instanceId);
  return scope.tags.every(({ key, values }) => {
    const value = tags[key];
    return value !== undefined && values.includes(value);
  });
}
