import type { Association } from '../ports.ts';
import { nextTimes } from './next-times.ts';
import { readSchedule } from './parse-schedule.ts';
import type { Schedule } from './schedule.ts';
import { type ScheduleName, scheduleOf } from './schedule-name.ts';

/** A part of a schedule as it stands in State Manager. */
export interface Scheduled {
  readonly name: ScheduleName;
  readonly role: string | undefined;
  readonly association: Association;
  /** `undefined` where its expression is none whose times we know. */
  readonly schedule: Schedule | undefined;
  /** Its next three times. */
  readonly next: readonly Date[];
  /** Whether the document that it runs is pinned, and this program's. */
  readonly document: 'current' | 'old' | 'unpinned';
}

const NEXT = 3;

/** `undefined` for an association whose name is none of ours. `isOurs`: of the version that it names. */
export function scheduled(association: Association, isOurs: boolean, now: Date): Scheduled | undefined {
  const { settings, changedAt } = association;
  const named = scheduleOf(settings.name);
  if (named === undefined) return undefined;
  const { expression, offsetDays } = settings;
  const schedule = expression === undefined ? undefined : readSchedule(expression);
  return {
    ...named,
    association,
    schedule,
    next: schedule === undefined ? [] : nextTimes(schedule, { since: changedAt, after: now, count: NEXT, offsetDays }),
    document: isPinned(association) ? (isOurs ? 'current' : 'old') : 'unpinned',
  };
}

const isPinned = ({ settings }: Association): boolean => /^\d+$/.test(settings.document.version);

/** By name, and by role within. */
export const inOrder = (a: Scheduled, b: Scheduled): number =>
  a.association.settings.name < b.association.settings.name ? -1 : 1;
