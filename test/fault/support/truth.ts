import { EC2Client, paginateDescribeSnapshots, type Snapshot } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts';
import { outcomeOf, type Result } from '../../../src/shared/result.ts';
import { TAG } from '../../../src/shared/tags.ts';
import type { AgentRun } from '../../support/one-host.ts';
import type { Ending, Scenario } from '../cells.ts';
import type { Scene } from './scene.ts';

/** Data and binary log. */
const MEMBERS = 2;

/** The run has ended as it should, and what it says and what EC2 has are the same, and true. */
export async function expectTruth(scene: Scene, run: AgentRun, expected: Scenario): Promise<void> {
  const set = await snapshotsOf(scene);
  const found = {
    ends: endingOf(run),
    grade: gradeOf(set),
    members: set.length,
    plannedAnew: run.result?.warnings?.includes('planned-anew') ?? false,
  };
  const { ends, grade, members = grade === undefined ? 0 : MEMBERS, plannedAnew = false } = expected;
  expect(found, run.stderr).toEqual({ ends, grade, members, plannedAnew });
  expectGradesDeserved(scene, set);
  if (run.result === undefined) return;
  expectConsistent(run, run.result);
  expect(run.result.grade).toBe(gradeOf(set));
  expect([...(run.result.snapshots ?? [])].sort()).toEqual(set.map(({ SnapshotId }) => SnapshotId).sort());
  if (run.result.outcome === 'refused')
    expect(scene.server.statements.filter(found.plannedAnew ? holdsBackCommits : isLock)).toEqual([]);
  if (run.result.outcome === 'done') expect(run.result.grade).toBe(scene.level);
}

/**
 * Only a set is called good that has every file of the server at the time of the lock and was frozen as a whole, that ends
 * where its coordinates say, and whose redo log has the commits that were acknowledged before.
 */
export async function expectNoLyingGrade(scene: Scene): Promise<void> {
  expectGradesDeserved(scene, await snapshotsOf(scene));
}

function expectGradesDeserved(scene: Scene, set: readonly Snapshot[]): void {
  if (gradeOf(set) !== scene.level) return;
  for (const snapshot of set) {
    const truth = scene.captured.get(snapshot.SnapshotId ?? '');
    expect(truth?.missing).toEqual([]);
    expect(truth?.redoIsThere).not.toBe(false);
    // Those of level `crash` are found when the set is restored.
    if (scene.level === 'application') expect(truth?.binlog).toBe(tagOf(snapshot, TAG.binlog));
    if (scene.freezes) expect(truth?.unfrozen).toEqual([]);
  }
}

/** Code, outcome and exit status say the same, in one line alone on stdout, and nothing looks like a trace. */
function expectConsistent({ status, stdout, stderr }: AgentRun, { outcome, code }: Result): void {
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at /m);
  const known = code as ErrorCode | undefined;
  expect({ outcome, status }).toEqual(
    known === undefined ? { outcome: 'done', status: 0 } : { outcome: outcomeOf(known), status: ERRORS[known].exit },
  );
}

function endingOf({ status, result }: AgentRun): Ending {
  if (result === undefined) return status === null ? 'killed' : 'bug';
  return result.outcome === 'done' ? 'done' : (result.code as ErrorCode);
}

/** The one grade of all members; a set that is graded two ways is none that anybody expects. */
const gradeOf = (set: readonly Snapshot[]): Scenario['grade'] =>
  ([...new Set(set.map((snapshot) => tagOf(snapshot, TAG.grade)))].join(' and ') as Scenario['grade']) || undefined;

const tagOf = ({ Tags = [] }: Snapshot, key: string) => Tags.find(({ Key }) => Key === key)?.Value;

/** The look for other backups is none, and begins with SET STATEMENT: it waits for nobody, and holds nobody back. */
const isLock = (sql: string) => /^(BACKUP STAGE (?!END)|FLUSH|LOCK)/.test(sql);

/** What a first plan has asked before it was found to hold no more. */
const holdsBackCommits = (sql: string) => /^(BACKUP STAGE BLOCK_COMMIT|FLUSH TABLES)/.test(sql);

async function snapshotsOf({ aws }: Scene): Promise<readonly Snapshot[]> {
  const client = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });
  const found: Snapshot[] = [];
  for await (const page of paginateDescribeSnapshots({ client }, { OwnerIds: ['self'] }))
    found.push(...(page.Snapshots ?? []));
  client.destroy();
  return found;
}
