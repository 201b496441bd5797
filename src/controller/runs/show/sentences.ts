import { onOneLine } from '../../../shared/printable.ts';
import type { FleetEvent } from '../../events.ts';

/** An event in words, on one line; `undefined` for what is only worth a live view. */
export function sentence(event: FleetEvent): string | undefined {
  const text = words(event);
  return text === undefined ? undefined : onOneLine(text);
}

function words(event: FleetEvent): string | undefined {
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
    case 'looked':
      return undefined;
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

export const hosts = (count: number): string => `${count} ${count === 1 ? 'host' : 'hosts'}`;
