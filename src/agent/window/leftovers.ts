import { RunError } from '../../shared/errors.ts';
import type { FreezeRecord, FreezeRecords, Processes } from '../ports.ts';
import { thaw } from './thaw.ts';

/**
 * Puts right what a run that died has left frozen: thaws the file systems that guards of ours recorded, and nothing else.
 * Only for the holder of the run lock: then no guard is left that would do it. Returns the mount points of those thawed.
 * Throws RunError `thaw-failed` where one may still be frozen; its record stays.
 */
export async function thawLeftovers(processes: Processes, records: FreezeRecords): Promise<readonly string[]> {
  const thawed: string[] = [];
  const failed: string[] = [];
  const unmounted: FreezeRecord[] = [];
  for (const record of records.list()) {
    const outcome = isEmpty(record) ? 'was not frozen' : await thaw(processes, record);
    if (outcome === 'thawed') thawed.push(record.mountPoint);
    if (typeof outcome === 'string') {
      records.remove(record);
      continue;
    }
    failed.push(`${record.mountPoint}: ${outcome.failed}`);
    if (!outcome.isMounted) unmounted.push(record);
  }
  if (failed.length === 0) return thawed;
  const [first] = unmounted;
  const others = thawed.length > 0 ? ` (thawed: ${thawed.join(', ')})` : '';
  const message = `left by an earlier run: ${failed.join('; ')}${others}`;
  throw new RunError('thaw-failed', message, first === undefined ? {} : { hint: mountAgain(first) });
}

/** Its guard was killed while it wrote the record, which comes before the freeze. */
const isEmpty = ({ mountPoint }: FreezeRecord): boolean => mountPoint === '';

const mountAgain = ({ mountPoint, device, file }: FreezeRecord): string =>
  `Mount ${device === undefined ? 'it' : `/dev/block/${device}`} on ${mountPoint} again, then run \`mysql-ebs-snapshot-agent thaw\`; where the device is gone for good, remove ${file}.`;
