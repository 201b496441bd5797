import * as v from 'valibot';
import type { Association, AssociationSettings } from '../../../../src/controller/ports.ts';
import { parseCron } from '../../../../src/controller/schedules/parse-schedule.ts';
import type { NewSchedule, ScheduleChange } from '../../../../src/controller/schedules/plan-schedule.ts';
import { ScheduleName } from '../../../../src/controller/schedules/schedule-name.ts';

export const NIGHTLY = v.parse(ScheduleName, 'nightly');

const tagged = (...tags: readonly (readonly [key: string, value: string])[]) =>
  ({ by: 'tags', tags: tags.map(([key, value]) => ({ key, values: [value] })) }) as const;

/** All hosts at once, and nothing else said. */
const PLAIN = {
  maxConcurrency: '100%',
  maxErrors: '100%',
  severity: undefined,
  output: undefined,
  durationHours: undefined,
} as const;

export const newNightly = (more: Partial<NewSchedule> = {}): NewSchedule => ({
  name: NIGHTLY,
  scope: tagged(['Env', 'prod']),
  parts: [{ role: undefined, scope: tagged(['Env', 'prod']), schedule: parseCron('0 3 * * *') }],
  offsetDays: undefined,
  runNow: false,
  documentName: 'mysql-ebs-snapshot',
  parameters: { Operation: 'snapshot', Splay: '300' },
  ...PLAIN,
  ...more,
});

/** A part for the hosts of a role. */
export const roleAt = (role: string, cron: string): NewSchedule['parts'][number] => ({
  role,
  scope: tagged(['Env', 'prod'], ['Role', role]),
  schedule: parseCron(cron),
});

export const NO_CHANGE: ScheduleChange = {
  schedules: new Map(),
  scope: undefined,
  offsetDays: undefined,
  runNow: false,
  repin: false,
  parameters: {},
  maxConcurrency: undefined,
  maxErrors: undefined,
  severity: undefined,
  output: undefined,
  durationHours: undefined,
};

export const settingsOf = (more: Partial<AssociationSettings> = {}): AssociationSettings => ({
  name: 'mysql-ebs-snapshot.nightly',
  document: { name: 'mysql-ebs-snapshot', version: '3' },
  targets: [{ key: 'tag:Env', values: ['prod'] }],
  parameters: { Operation: ['snapshot'], Splay: ['300'] },
  expression: 'cron(0 3 ? * * *)',
  offsetDays: undefined,
  applyOnlyAtCronInterval: true,
  ...PLAIN,
  ...more,
});

export const associationOf = (
  settings: Partial<AssociationSettings> = {},
  more: Partial<Omit<Association, 'settings'>> = {},
): Association => ({
  id: `id of ${settings.name ?? 'mysql-ebs-snapshot.nightly'}`,
  version: '1',
  changedAt: new Date('2026-11-20T12:00:00Z'),
  lastRunAt: undefined,
  status: 'Pending',
  ...more,
  settings: settingsOf(settings),
});
