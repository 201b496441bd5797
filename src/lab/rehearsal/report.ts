import type { Result } from '../../shared/result.ts';
import { median } from '../median.ts';
import type { ReplicasProof } from './prove-replicas.ts';
import type { SetProof } from './prove-set.ts';

/** The last line of `rehearse --json`. Times are milliseconds; what is counted is counted over all rounds. */
export interface RehearsalReport {
  readonly v: 1;
  readonly outcome: 'done' | 'failed';
  readonly hosts: number;
  readonly ackedLost: number;
  readonly beyondCoordinates: number;
  readonly coordinatesExact: boolean;
  /** The median of the hosts' CreateSnapshots round trips. */
  readonly apiMs: number;
  /** One a set: host by host, round by round. */
  readonly stallMs: readonly number[];
  readonly frozenMs: readonly number[];
  /** With `--replica`: tables of replicas made of the sets that are not those of the source. */
  readonly replicaDiffs?: number;
  /** With `--replica`: every set holds its GTIDs, and replicas that began there followed without an error. */
  readonly gtidExact?: boolean;
  /** With `--rounds`: how many were performed, the one that failed included. */
  readonly rounds?: number;
}

/** One host's set: what the agent reported, and what was proven of it. */
export interface RehearsedHost {
  readonly instanceId: string;
  readonly result: Result;
  readonly proof: SetProof;
  /** With `--replica`. */
  readonly replicas?: ReplicasProof;
  /** Of both proofs. Empty: all is proven. */
  readonly complaints: readonly string[];
  readonly commits: number;
  /** Milliseconds. */
  readonly longestCommitMs: number;
}

export const isProven = (hosts: readonly RehearsedHost[]): boolean =>
  hosts.every(({ complaints }) => complaints.length === 0);

/** Of one round; `--rounds` has more, and its report counts them. */
export function reportOf(rounds: readonly (readonly RehearsedHost[])[], countsRounds = false): RehearsalReport {
  const sets = rounds.flat();
  const replicas = sets.flatMap((set) => set.replicas ?? []);
  const sum = (count: (proof: SetProof) => number) => sets.reduce((total, { proof }) => total + count(proof), 0);
  return {
    v: 1,
    outcome: isProven(sets) ? 'done' : 'failed',
    hosts: rounds[0]?.length ?? 0,
    ackedLost: sum((proof) => proof.ackedLost),
    beyondCoordinates: sum((proof) => proof.beyondCoordinates),
    coordinatesExact: sets.every(({ proof }) => proof.coordinatesExact),
    apiMs: median(sets.flatMap(({ result }) => result.apiMs ?? [])),
    stallMs: sets.flatMap(({ result }) => result.stallMs ?? []),
    frozenMs: sets.flatMap(({ result }) => result.frozenMs ?? []),
    ...(replicas.length > 0 && {
      replicaDiffs: replicas.reduce((total, { replicaDiffs }) => total + replicaDiffs, 0),
      gtidExact: replicas.every(({ gtidExact }) => gtidExact),
    }),
    ...(countsRounds && { rounds: rounds.length }),
  };
}

/** For people: a line a set, and what all of it comes to. */
export function summarize(rounds: readonly (readonly RehearsedHost[])[]): string {
  const report = reportOf(rounds);
  const lines = rounds
    .flat()
    .flatMap(({ instanceId, result, complaints, commits, longestCommitMs: longest }) => [
      `${instanceId}  ${result.binlog}  stall ${result.stallMs} ms, frozen ${result.frozenMs} ms, API ${result.apiMs} ms; ` +
        `${commits} commits, the longest took ${Math.round(longest)} ms`,
      ...complaints.map((complaint) => `  ${complaint}`),
    ]);
  return `${[...lines, verdictOf(report, rounds.length)].join('\n')}\n`;
}

function verdictOf(report: RehearsalReport, rounds: number): string {
  const { ackedLost, beyondCoordinates, coordinatesExact, replicaDiffs, gtidExact } = report;
  const inRounds = rounds === 1 ? '' : ` ${rounds} rounds.`;
  if (report.outcome === 'done') {
    const replicas = replicaDiffs === undefined ? '' : ' Every replica made of them came to be the source again.';
    return `Every acknowledged commit before the coordinates is in the sets, nothing after them is, and they are exact.${replicas}${inRounds}`;
  }
  const replicas =
    replicaDiffs === undefined
      ? ''
      : `, ${replicaDiffs} tables of replicas differ, GTIDs ${gtidExact ? '' : 'not '}exact`;
  return (
    `Not proven${rounds === 1 ? '' : ` in round ${rounds}`}: ${ackedLost} commits lost, ${beyondCoordinates} entries beyond ` +
    `the coordinates, coordinates ${coordinatesExact ? 'exact' : 'not exact'}${replicas}.`
  );
}
