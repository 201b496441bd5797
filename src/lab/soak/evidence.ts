import type { RowDataPacket } from 'mysql2/promise';
import { type BinlogPosition, formatBinlog } from '../../shared/coordinates.ts';
import { RunError } from '../../shared/errors.ts';
import { TAG } from '../../shared/tags.ts';
import { type FoundSnapshot, snapshotsTagged } from '../rehearsal/find-set.ts';
import type { AgentRun, Ending } from '../standing/agent-run.ts';
import type { Evidence, Truth } from './false-claims.ts';
import { MEMBERS, type SoakedHost } from './soaked-host.ts';
import { becomes } from './waiting.ts';

/** An answer of EC2 that nobody waits for any more is worked at all the same. */
const QUIET_MS = 30_000;

/** What EC2 has of a run that has ended, and what was true when it was taken. The host has to be whole again. */
export async function evidenceOf(soaked: SoakedHost, { run }: AgentRun, ending: Ending): Promise<Evidence> {
  const { aws, shell } = soaked.lab;
  const isQuiet = () => aws.calls.every(({ outcome }) => outcome !== undefined);
  if (!(await becomes(QUIET_MS, isQuiet, shell.signal))) throw new RunError('bug', 'EC2 does not finish its work');
  const snapshots = await snapshotsTagged(aws, TAG.run, run);
  const truth = await truthOf(soaked, snapshots);
  return { ending, snapshots: snapshots.map(({ tags }) => tags), members: MEMBERS, truth };
}

async function truthOf(soaked: SoakedHost, [first]: readonly FoundSnapshot[]): Promise<Truth | undefined> {
  const capture = first && soaked.witness.captureOf(first.snapshotId);
  if (!capture) return undefined;
  const tagged = first.tags[TAG.binlog] ?? '';
  const isEnd = tagged === formatBinlog(capture.binlogEnd);
  const gtidAtEnd = (await gtidAt(soaked, capture.binlogEnd)) ?? '';
  return {
    unfrozen: await capture.unfrozen,
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
