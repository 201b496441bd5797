import { jsonLine } from '../../shared/json-line.ts';
import { printable } from '../../shared/printable.ts';
import { applierRecords } from '../adapters/applier-records.ts';
import { freezeRecords } from '../adapters/freeze-records.ts';
import { openLog } from '../adapters/log.ts';
import { checkPrerequisites } from '../adapters/prerequisites.ts';
import { processes } from '../adapters/processes.ts';
import { takeRunLock } from '../adapters/run-lock.ts';
import type { AgentOptions } from '../options/agent-options.ts';
import { thawLeftovers } from '../window/leftovers.ts';
import type { CommandResult } from './command-result.ts';

/**
 * Thaws what a run that died has left frozen, and nothing else. May be run at any time and any number of times; a run
 * in progress is left alone (its guard thaws by itself).
 */
export async function thawCommand(options: AgentOptions): Promise<CommandResult> {
  await checkPrerequisites(processes);
  await using _alone = await takeRunLock(processes);
  const thawed = await thawLeftovers(processes, freezeRecords);
  // Not before: the log file may lie on what was frozen.
  const log = openLog(options.logFile);
  const stopped = applierRecords.list().flatMap(({ plan }) => plan.start);
  const text = [
    thawed.length > 0 ? `thawed ${thawed.join(', ')}` : 'nothing of ours was left frozen',
    // That takes the server, and its account: the next run does it, or a person.
    ...(stopped.length > 0 ? [`left to be said to the server: ${stopped.join('; ')}`] : []),
  ].join('; ');
  log.write('info', text);
  const json = jsonLine({ v: 1, outcome: 'done', thawed, ...(stopped.length > 0 && { toStart: stopped }) });
  return { exit: 0, json, text: `${printable(text)}\n` };
}
