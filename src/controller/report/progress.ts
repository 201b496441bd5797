import type { EmitFleet, FleetEvent } from '../events.ts';
import { printable } from './style.ts';

/** What a presenter writes to: stderr, or a test's buffer. */
export interface Screen {
  readonly isTTY?: boolean;
  /** 0 where the terminal does not know its width. */
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressPresenter {
  readonly emit: EmitFleet;
  /** Removes the line that is being rewritten, so that the report stands alone. */
  close(): void;
}

/** What is said again and again. */
const REWRITTEN: ReadonlySet<FleetEvent['type']> = new Set(['progress', 'completing', 'sets-deleted']);

/** On a terminal the counts are one line that is rewritten; piped, a line each time they change. */
export function presentProgress(screen: Screen): ProgressPresenter {
  const live = screen.isTTY === true;
  let [lastCounts, shown] = ['', false];
  const clear = () => {
    if (shown) screen.write('\r\x1b[K');
    shown = false;
  };
  return {
    emit(event) {
      const text = printable(sentence(event));
      if (!REWRITTEN.has(event.type)) {
        clear();
        screen.write(`${text}\n`);
      } else if (text !== lastCounts) {
        lastCounts = text;
        clear();
        screen.write(live ? text.slice(0, (screen.columns || 80) - 1) : `${text}\n`);
        shown = live;
      }
    },
    close: clear,
  };
}

function sentence(event: FleetEvent): string {
  switch (event.type) {
    case 'run-started':
      return `${event.operation} ${event.run}: document ${event.document} version ${event.version}`;
    case 'inventory-taken':
      return `${hosts(event.targeted)} targeted, ${event.reachable} reachable`;
    case 'host-left-out':
      return `${event.instance} (${event.name}): ${event.message}`;
    case 'command-sent':
      return `command ${event.commandId} sent${event.hosts === undefined ? '' : ` to ${hosts(event.hosts)}`}`;
    case 'send-unclear':
      return `no clear answer to SendCommand (${event.message}); looking for the command`;
    case 'progress':
      return `${event.completed} of ${hosts(event.targets)} ended${event.errors === 0 ? '' : `, ${event.errors} not well`}`;
    case 'resuming':
      return event.commands === 1
        ? 'going on; 1 command was sent before'
        : `going on; ${event.commands} commands were sent before`;
    case 'wave-started':
      return `wave ${event.wave} of ${event.waves}: ${hosts(event.hosts)}`;
    case 'halted':
      return `halted after wave ${event.wave} of ${event.waves}: ${hosts(event.hosts)} not begun`;
    case 'completing':
      return event.pending === 0
        ? 'EBS has nothing left to complete'
        : `EBS has ${event.pending}${event.pending === 1000 ? ' or more' : ''} snapshots left to complete`;
    case 'sets-deleted':
      return `${event.sets} of ${event.of} sets done`;
    case 'cancelling':
      return event.commands === 0
        ? 'cancelled'
        : `cancelling ${event.commands} ${event.commands === 1 ? 'command' : 'commands'}; waiting for the hosts (Ctrl-C again leaves at once)`;
    case 'taking-back':
      return `only ${hosts(event.hosts)} left, out of reach from the start; taking command ${event.commandId} back, so that it does not run there later`;
    case 'warned':
      return `warning: ${event.message}`;
  }
}

const hosts = (count: number): string => `${count} ${count === 1 ? 'host' : 'hosts'}`;
