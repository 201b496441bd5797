import { RunError } from '../../shared/errors.ts';
import { freezeRecords } from '../adapters/freeze-records.ts';
import { openLog } from '../adapters/log.ts';
import { checkPrerequisites } from '../adapters/prerequisites.ts';
import { processes } from '../adapters/processes.ts';
import { takeRunLock } from '../adapters/run-lock.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import { printable } from '../report/printable.ts';
import { thaw } from '../window/thaw.ts';
import type { Ending } from './ending.ts';

/**
 * Puts right what a run that died has left frozen: thaws the mounts that guards of ours recorded, and nothing else.
 * May be run at any time and any number of times; a run in progress is left alone (its guard thaws by itself).
 */
export async function thawCommand(options: AgentOptions): Promise<Ending> {
  await checkPrerequisites(processes);
  await using _alone = await takeRunLock(processes);
  const thawed: string[] = [];
  const failed: string[] = [];
  for (const record of freezeRecords.list()) {
    const outcome = await thaw(processes, record.mount);
    if (outcome === 'thawed') thawed.push(record.mount);
    if (typeof outcome === 'string') freezeRecords.remove(record);
    else failed.push(`${record.mount}: ${outcome.failed}`);
  }
  // Not before: the log file may lie on what was frozen.
  const log = openLog(options.logFile);
  if (failed.length > 0) throw new RunError('thaw-failed', failed.join('; '));
  const text = thawed.length > 0 ? `thawed ${thawed.join(', ')}` : 'nothing of ours was left frozen';
  log.write('info', text);
  return { exit: 0, json: JSON.stringify({ v: 1, outcome: 'done', thawed }), text: `${printable(text)}\n` };
}
