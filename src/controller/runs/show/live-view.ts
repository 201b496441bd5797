import { onOneLine } from '../../../shared/printable.ts';
import type { FleetEvent, HostAtWork } from '../../events.ts';
import { cutToWidth } from '../../terminal/width.ts';
import { sentence } from './sentences.ts';

type Event<Type extends FleetEvent['type']> = Extract<FleetEvent, { type: Type }>;

/** What is known of a run while it is watched. Times are milliseconds. */
export interface View {
  readonly wave?: Event<'wave-started'>;
  readonly progress?: Event<'progress'> & { readonly startedAt: number };
  readonly looked?: Event<'looked'>;
  /** A line of its own, for what comes before and after the hosts are at work. */
  readonly other?: string | undefined;
}

/** The view after an event. */
export function nextView(view: View, event: FleetEvent, now: number): View {
  switch (event.type) {
    case 'wave-started':
      return { other: view.other, wave: event };
    case 'progress':
      return { ...view, other: undefined, progress: { ...event, startedAt: view.progress?.startedAt ?? now } };
    case 'looked':
      return { ...view, looked: event };
    case 'completing':
    case 'sets-deleted':
      return { ...view, other: sentence(event) };
    default:
      return view;
  }
}

/**
 * What a person who watches a run sees of it: how far it is, how long it still takes, who is slow, the longest stall.
 * Lines, each at most so many columns of the terminal wide.
 */
export function drawView(view: View, now: number, width: number): readonly string[] {
  const lines = view.other === undefined ? [...drawProgress(view, now), ...drawHosts(view, now)] : [view.other];
  return lines.map((line) => cutToWidth(onOneLine(line), width));
}

function drawProgress({ wave, progress, looked }: View, now: number): readonly string[] {
  if (progress === undefined) return [];
  const { completed, targets, errors, startedAt } = progress;
  const atWork = looked?.atWork.length;
  const states = [
    `${completed - errors} ended well`,
    ...(errors > 0 ? [`${errors} not well`] : []),
    ...(atWork === undefined
      ? [`${targets - completed} to go`]
      : [`${atWork} at work`, `${Math.max(targets - completed - atWork, 0)} waiting`]),
  ].join(', ');
  const turn = wave === undefined ? '' : `wave ${wave.wave} of ${wave.waves}: `;
  const left = timeLeft(completed, targets, now - startedAt);
  return [`${turn}${completed} of ${targets} hosts: ${states}${left}`];
}

/** From the pace so far; nothing before the first host has ended. */
function timeLeft(completed: number, targets: number, elapsed: number): string {
  if (completed === 0 || completed >= targets || elapsed <= 0) return '';
  return `; about ${duration((elapsed / completed) * (targets - completed))} left`;
}

/** How many of those that have been at work the longest are shown. */
const SLOWEST = 3;

function drawHosts({ progress, looked }: View, now: number): readonly string[] {
  if (progress === undefined || looked === undefined) return [];
  const { atWork, longestStallMs } = looked;
  const slowest = atWork.toSorted((a, b) => a.since.getTime() - b.since.getTime()).slice(0, SLOWEST);
  const describe = ({ instance, name, since }: HostAtWork) =>
    `${instance} (${name}) ${duration(now - since.getTime())}`;
  return [
    ...(slowest.length === 0 ? [] : [`at work the longest: ${slowest.map(describe).join(', ')}`]),
    ...(longestStallMs === undefined ? [] : [`longest stall so far: ${Math.round(longestStallMs)} ms`]),
  ];
}

/** `41 s`, `3 min`, `2 h`. */
function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
