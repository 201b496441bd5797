import type { RowDataPacket } from 'mysql2/promise';
import { type BinlogPosition, formatBinlog } from '../../shared/coordinates.ts';
import { RunError } from '../../shared/errors.ts';
import { TAG } from '../../shared/tags.ts';
import { type FoundSnapshot, snapshotsTagged } from '../rehearsal/find-set.ts';
import type { AgentRun, Ending } from '../standing/agent-run.ts';
import type { Evidence, Truth } from './false-claims.ts';
import { lostMarks, type Marks } from './marks.ts';
import { MEMBERS, type SoakedHost } from './soaked-host.ts';
import { becomes } from './waiting.ts';

/** An answer of EC2 that nobody waits for any more is worked at all the same. */
const QUIET_MS = 30_000;

/**
 * What EC2 has of a run that has ended, and what was true when it was taken. The host has to be whole again. A good set
 * is restored to look for the `marks`, of which the witness has kept the bytes.
 */
export async function evidenceOf(
  soaked: SoakedHost,
  { run }: AgentRun,
  ending: Ending,
  marks?: Marks,
): Promise<Evidence> {
  const { aws, shell } = soaked.lab;
  const isQuiet = () => aws.calls.every(({ outcome }) => outcome !== undefined);
  if (!(await becomes(QUIET_MS, isQuiet, shell.signal))) throw new RunError('bug', 'EC2 does not finish its work');
  const snapshots = await snapshotsTagged(aws, TAG.run, run);
  const truth = await truthOf(soaked, run, snapshots, marks);
  return { ending, snapshots: snapshots.map(({ tags }) => tags), members: MEMBERS, truth };
}

async function truthOf(
  soaked: SoakedHost,
  name: string,
  snapshots: readonly FoundSnapshot[],
  marks: Marks | undefined,
): Promise<Truth | undefined> {
  const [first] = snapshots;
  const capture = first && soaked.witness.captureOf(first.snapshotId);
  if (!capture) return undefined;
  const tagged = first.tags[TAG.binlog] ?? '';
  const isEnd = tagged === formatBinlog(capture.binlogEnd);
  const gtidAtEnd = (await gtidAt(soaked, capture.binlogEnd)) ?? '';
  const held = new Set(snapshots.map(({ volumeId }) => volumeId));
  const isGood = snapshots.some(({ tags }) => tags[TAG.grade] === 'application');
  const set = { name, snapshotIds: snapshots.map(({ snapshotId }) => snapshotId) };
  const lost = marks && isGood ? await lostMarks(soaked, set, marks, capture.began) : [];
  if (soaked.witness.keepsBytes) await soaked.lab.ebs.discardCaptures();
  return {
    unfrozen: await capture.unfrozen,
    uncovered: capture.holdings
      .filter(({ volumeId }) => volumeId === undefined || !held.has(volumeId))
      .map(
        ({ path, volumeId }) => `${path} lay on ${volumeId ?? 'no volume of the host'}, which the set does not hold`,
      ),
    lost,
    gtidAtEnd,
    gtidAtTag: isEnd ? gtidAtEnd : await gtidAt(soaked, parseBinlog(tagged)),
  };
}

/** The GTID position at a place of the binary log, of which the server has to know the file. */
async function gtidAt({ committer }: SoakedHost, { file, position }: BinlogPosition): Promise<string | undefined> {
  const [[row]] = await committer.query<RowDataPacket[]>('SELECT BINLOG_GTID_POS(?, ?) AS gtid', [file, position]);
  return row?.['gtid'] ?? undefined;
}

/** `file:position`, as tags have it. */
function parseBinlog(text: string): BinlogPosition {
  const colon = text.lastIndexOf(':');
  return { file: text.slice(0, colon), position: Number(text.slice(colon + 1)) };
}
