import type { Result } from '../../shared/result.ts';
import type { SetProof } from './prove-set.ts';

/** The last line of `rehearse --json`. Times are milliseconds. */
export interface RehearsalReport {
  readonly v: 1;
  readonly outcome: 'done' | 'failed';
  readonly hosts: number;
  readonly ackedLost: number;
  readonly beyondCoordinates: number;
  readonly coordinatesExact: boolean;
  /** The median of the hosts' CreateSnapshots round trips. */
  readonly apiMs: number;
  /** One a host. */
  readonly stallMs: readonly number[];
  readonly frozenMs: readonly number[];
}

/** One host's set: what the agent reported, and what was proven of it. */
export interface RehearsedHost {
  readonly instanceId: string;
  readonly result: Result;
  readonly proof: SetProof;
  readonly commits: number;
  /** Milliseconds. */
  readonly longestCommitMs: number;
}

export function reportOf(hosts: readonly RehearsedHost[]): RehearsalReport {
  const sum = (count: (proof: SetProof) => number) => hosts.reduce((total, { proof }) => total + count(proof), 0);
  return {
    v: 1,
    outcome: hosts.every(({ proof }) => proof.complaints.length === 0) ? 'done' : 'failed',
    hosts: hosts.length,
    ackedLost: sum((proof) => proof.ackedLost),
    beyondCoordinates: sum((proof) => proof.beyondCoordinates),
    coordinatesExact: hosts.every(({ proof }) => proof.coordinatesExact),
    apiMs: median(hosts.flatMap(({ result }) => result.apiMs ?? [])),
    stallMs: hosts.flatMap(({ result }) => result.stallMs ?? []),
    frozenMs: hosts.flatMap(({ result }) => result.frozenMs ?? []),
  };
}

/** Of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((total, value) => total + value, 0) / Math.max(1, middle.length);
}

/** For people: a line a host, and what all of it comes to. */
export function summarize(hosts: readonly RehearsedHost[]): string {
  const report = reportOf(hosts);
  const lines = hosts.flatMap(({ instanceId, result, proof, commits, longestCommitMs }) => [
    `${instanceId}  ${result.binlog}  stall ${result.stallMs} ms, frozen ${result.frozenMs} ms, API ${result.apiMs} ms; ` +
      `${commits} commits, the longest took ${Math.round(longestCommitMs)} ms`,
    ...proof.complaints.map((complaint) => `  ${complaint}`),
  ]);
  const verdict =
    report.outcome === 'done'
      ? 'Every acknowledged commit before the coordinates is in the sets, nothing after them is, and they are exact.'
      : `Not proven: ${report.ackedLost} commits lost, ${report.beyondCoordinates} entries beyond the coordinates, ` +
        `coordinates ${report.coordinatesExact ? 'exact' : 'not exact'}.`;
  return `${[...lines, verdict].join('\n')}\n`;
}
