import { EC2Client, paginateDescribeSnapshots, type Snapshot } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts';
import { outcomeOf, type Result } from '../../../src/shared/result.ts';
import { TAG } from '../../../src/shared/tags.ts';
import type { AgentRun } from '../../support/one-host.ts';
import type { Ending, Scenario } from '../cells.ts';
import type { Scene } from './scene.ts';

/** The run has ended as it should, and what it says and what EC2 has are the same, and true. */
export async function expectTruth(scene: Scene, run: AgentRun, expected: Scenario): Promise<void> {
  const set = await snapshotsOf(scene);
  expect({ ends: endingOf(run), grade: gradeOf(set) }, run.stderr).toEqual({
    ends: expected.ends,
    grade: expected.grade,
  });
  expectGradesDeserved(scene, set);
  if (run.result === undefined) return;
  expectConsistent(run, run.result);
  expect(run.result.grade).toBe(gradeOf(set));
  expect([...(run.result.snapshots ?? [])].sort()).toEqual(set.map(({ SnapshotId }) => SnapshotId).sort());
  if (run.result.outcome === 'refused') expect(scene.server.statements.filter(isLock)).toEqual([]);
  if (run.result.outcome === 'done') expect(run.result.grade).toBe('application');
}

/** Only what was frozen as a whole, and holds the coordinates that it says, is called good. */
export async function expectNoLyingGrade(scene: Scene): Promise<void> {
  expectGradesDeserved(scene, await snapshotsOf(scene));
}

function expectGradesDeserved(scene: Scene, set: readonly Snapshot[]): void {
  if (gradeOf(set) !== 'application') return;
  expect(set).toHaveLength(scene.host.mounts.length);
  for (const snapshot of set) {
    const truth = scene.captured.get(snapshot.SnapshotId ?? '');
    expect(truth).toEqual({ allFrozen: scene.freezes, binlog: tagOf(snapshot, TAG.binlog) });
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

async function snapshotsOf({ aws }: Scene): Promise<readonly Snapshot[]> {
  const client = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });
  const found: Snapshot[] = [];
  for await (const page of paginateDescribeSnapshots({ client }, { OwnerIds: ['self'] }))
    found.push(...(page.Snapshots ?? []));
  client.destroy();
  return found;
}
