import type { ErrorCode } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import type { Result } from '../../shared/result.ts';
import { median } from '../median.ts';
import type { Miss } from './missed-set.ts';
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
  /** With `--hostile`. */
  readonly hostile?: HostileReport;
}

/** What became of the sets that were taken while the world changed. */
export interface HostileReport {
  /** Runs, one for each host and round. */
  readonly sets: number;
  /** Those that left a good set; each was restored. */
  readonly good: number;
  /** Rows of tables elsewhere that good sets had to hold, because they were acknowledged before. */
  readonly rowsElsewhere: number;
  /** The others, and why. */
  readonly notGood: readonly {
    readonly round: number;
    readonly instance: InstanceId;
    readonly code: ErrorCode;
    readonly message: string;
  }[];
}

/** One host's set: what the agent reported, and what was proven of it. */
export interface RehearsedHost {
  readonly instanceId: InstanceId;
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

/** With `--hostile`: a host that has no good set of a round. Nothing is restored. */
export interface MissedSet {
  readonly instanceId: InstanceId;
  readonly missed: Miss;
  /** Of what its run left. */
  readonly complaints: readonly string[];
}

/** What a round found of a host. */
export type RoundHost = RehearsedHost | MissedSet;

export const isProven = (hosts: readonly RoundHost[]): boolean =>
  hosts.every(({ complaints }) => complaints.length === 0);

const isRehearsed = (host: RoundHost): host is RehearsedHost => !('missed' in host);

/** From so many sets on, a third of them have to be good: fewer say nothing about the share. */
const LEAST_SETS = 3;
const GOOD_SHARE = 1 / 3;

/** Whether enough sets are good while the world changes. */
export const hasEnoughGood = ({ sets, good }: HostileReport): boolean => sets < LEAST_SETS || good >= sets * GOOD_SHARE;

/** What is in the report only where it was asked for. */
export interface ReportOptions {
  readonly rounds?: boolean;
  readonly hostile?: boolean;
}

export function reportOf(rounds: readonly (readonly RoundHost[])[], asked: ReportOptions = {}): RehearsalReport {
  const sets = rounds.flat().filter(isRehearsed);
  const hostile = asked.hostile ? hostileReportOf(rounds) : undefined;
  const replicas = sets.flatMap((set) => set.replicas ?? []);
  const sum = (count: (proof: SetProof) => number) => sets.reduce((total, { proof }) => total + count(proof), 0);
  return {
    v: 1,
    outcome: isProven(rounds.flat()) && (!hostile || hasEnoughGood(hostile)) ? 'done' : 'failed',
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
    ...(asked.rounds && { rounds: rounds.length }),
    ...(hostile && { hostile }),
  };
}

function hostileReportOf(rounds: readonly (readonly RoundHost[])[]): HostileReport {
  const notGood = rounds.flatMap((hosts, index) =>
    hosts.flatMap((host) =>
      isRehearsed(host) ? [] : [{ round: index + 1, instance: host.instanceId, ...host.missed }],
    ),
  );
  const sets = rounds.flat().length;
  const proofs = rounds.flat().flatMap((host) => (isRehearsed(host) ? [host.proof] : []));
  const rowsElsewhere = proofs.reduce((total, { rowsElsewhere: rows = 0 }) => total + rows, 0);
  return { sets, good: sets - notGood.length, rowsElsewhere, notGood };
}

/** For people: a line a set, and what all of it comes to. */
export function summarize(rounds: readonly (readonly RoundHost[])[], asked: ReportOptions = {}): string {
  const lines = rounds
    .flat()
    .flatMap((host) => [
      isRehearsed(host)
        ? describeSet(host)
        : `${host.instanceId}  no good set: ${host.missed.code}: ${host.missed.message}`,
      ...host.complaints.map((complaint) => `  ${complaint}`),
    ]);
  return `${[...lines, verdictOf(reportOf(rounds, asked), rounds.length)].join('\n')}\n`;
}

const describeSet = ({ instanceId, result, commits, longestCommitMs: longest }: RehearsedHost): string =>
  `${instanceId}  ${result.binlog}  stall ${result.stallMs} ms, frozen ${result.frozenMs} ms, API ${result.apiMs} ms; ` +
  `${commits} commits, the longest took ${Math.round(longest)} ms`;

function verdictOf(report: RehearsalReport, rounds: number): string {
  const { ackedLost, beyondCoordinates, coordinatesExact, replicaDiffs, gtidExact, hostile } = report;
  const inRounds = rounds === 1 ? '' : ` ${rounds} rounds.`;
  const shareGood = hostile ? ` ${hostile.good} of ${hostile.sets} sets are good.` : '';
  if (report.outcome === 'done' && hostile?.good === 0) return `No set is good, and nothing was restored.${inRounds}`;
  if (report.outcome === 'done') {
    const replicas = replicaDiffs === undefined ? '' : ' Every replica made of them came to be the source again.';
    return `Every acknowledged commit before the coordinates is in the sets, nothing after them is, and they are exact.${replicas}${shareGood}${inRounds}`;
  }
  const replicas =
    replicaDiffs === undefined
      ? ''
      : `, ${replicaDiffs} tables of replicas differ, GTIDs ${gtidExact ? '' : 'not '}exact`;
  return (
    `Not proven${rounds === 1 ? '' : ` in round ${rounds}`}: ${ackedLost} commits lost, ${beyondCoordinates} entries beyond ` +
    `the coordinates, coordinates ${coordinatesExact ? 'exact' : 'not exact'}${replicas}.${shareGood}`
  );
}
