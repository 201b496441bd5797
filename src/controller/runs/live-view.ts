import { onOneLine } from '../../shared/printable.ts';
import type { FleetEvent, HostAtWork } from '../events.ts';
import { cutToWidth } from '../terminal/width.ts';
import { sentence } from './sentences.ts';

type Event<Type extends FleetEvent['type']> = Extract<FleetEvent, { type: Type }>;

/** How many of those that have been at work the longest are shown. */
const SLOWEST = 3;

/** What a person who watches a run sees of it: how far it is, how long it still takes, who is slow, the longest stall. */
export class LiveView {
  readonly #now: () => number;
  #wave: Event<'wave-started'> | undefined;
  #progress: Event<'progress'> | undefined;
  #looked: Event<'looked'> | undefined;
  /** A line of its own, for what comes before and after the hosts are at work. */
  #other: string | undefined;
  #startedAt = 0;

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(event: FleetEvent): void {
    if (event.type === 'wave-started') {
      this.#wave = event;
      this.#progress = undefined;
      this.#looked = undefined;
    } else if (event.type === 'progress') {
      if (this.#progress === undefined) this.#startedAt = this.#now();
      this.#progress = event;
      this.#other = undefined;
    } else if (event.type === 'looked') {
      this.#looked = event;
    } else if (event.type === 'completing' || event.type === 'sets-deleted') {
      this.#other = sentence(event);
    }
  }

  /** Each at most so many columns of the terminal wide. */
  lines(width: number): readonly string[] {
    const lines = this.#other === undefined ? this.#ofTheRun() : [this.#other];
    return lines.map((line) => cutToWidth(onOneLine(line), width));
  }

  #ofTheRun(): string[] {
    const { completed, targets, errors } = this.#progress ?? { completed: 0, targets: 0, errors: 0 };
    if (this.#progress === undefined) return [];
    const atWork = this.#looked?.atWork.length;
    const states = [
      `${completed - errors} ended well`,
      ...(errors > 0 ? [`${errors} not well`] : []),
      ...(atWork === undefined
        ? [`${targets - completed} to go`]
        : [`${atWork} at work`, `${Math.max(targets - completed - atWork, 0)} waiting`]),
    ].join(', ');
    const turn = this.#wave === undefined ? '' : `wave ${this.#wave.wave} of ${this.#wave.waves}: `;
    return [`${turn}${completed} of ${targets} hosts: ${states}${this.#timeLeft()}`, ...this.#slow()];
  }

  /** From the pace so far; nothing before the first host has ended. */
  #timeLeft(): string {
    const { completed, targets } = this.#progress ?? { completed: 0, targets: 0 };
    const elapsed = this.#now() - this.#startedAt;
    if (completed === 0 || completed >= targets || elapsed <= 0) return '';
    return `; about ${duration((elapsed / completed) * (targets - completed))} left`;
  }

  #slow(): string[] {
    const { atWork, longestStallMs } = this.#looked ?? { atWork: [], longestStallMs: undefined };
    const slowest = atWork.toSorted((a, b) => a.since.getTime() - b.since.getTime()).slice(0, SLOWEST);
    const says = ({ instance, name, since }: HostAtWork) =>
      `${instance} (${name}) ${duration(this.#now() - since.getTime())}`;
    return [
      ...(slowest.length === 0 ? [] : [`at work the longest: ${slowest.map(says).join(', ')}`]),
      ...(longestStallMs === undefined ? [] : [`longest stall so far: ${Math.round(longestStallMs)} ms`]),
    ];
  }
}

/** `41 s`, `3 min`, `2 h`. */
function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
