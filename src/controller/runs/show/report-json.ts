import { jsonLine } from '../../../shared/json-line.ts';
import type { FleetEvent } from '../../events.ts';
import type { FleetReport } from '../judge/collate.ts';

/** An event as one line of JSON: `{"v":1,"event":"progress",…}`. Such lines come before the report. */
export const formatEvent = ({ type, ...rest }: FleetEvent): string => jsonLine({ v: 1, event: type, ...rest });

/** The report as ONE line of JSON, the last one on stdout; in pieces, as that of ten thousand hosts is long. */
export function* formatReport({ outcome, run, ending, hosts }: FleetReport): Generator<string> {
  const code = ending === 'done' ? {} : { code: ending };
  const whole = jsonLine({ v: 1, outcome, run, ...code, hosts: [] });
  yield whole.slice(0, -2);
  for (const [index, host] of hosts.entries()) yield `${index === 0 ? '' : ','}${jsonLine(hostLine(host))}`;
  yield whole.slice(-2);
}

/** A host's result, and behind it what has become of its set in EBS. */
const hostLine = ({ result, state }: FleetReport['hosts'][number]) =>
  state === undefined ? result : { ...result, state };
