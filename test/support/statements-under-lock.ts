import { dirname, join } from 'node:path';
import { briefly } from '../../src/agent/window/query-under-lock.ts';
import { type AgentRun, type OneHost, writeOptionFile } from './one-host.ts';
import { startSqlProxy } from './sql-proxy.ts';

/**
 * Takes a set, and answers the statements for which commits waited: from the one that makes them wait to the one that lets
 * them go on, both included. `afterwards` are those that follow while DDL is still held back. A long SELECT is shown by the
 * table that it reads.
 */
export async function statementsUnderLock(
  host: OneHost,
  [block, unblock, end]: readonly [block: string, unblock: string, end: string],
): Promise<{
  readonly run: AgentRun;
  readonly commitsWait: readonly string[];
  readonly afterwards: readonly string[];
}> {
  const folder = dirname(host.optionFile);
  await using proxy = await startSqlProxy(join(folder, 'proxy.sock'), host.server.socket, () => undefined);
  const optionFile = join(folder, 'proxy.cnf');
  writeOptionFile(optionFile, proxy.socket);
  const run = await host.agent('snapshot', '--defaults-file', optionFile);
  const asked = proxy.statements
    .map((sql) => briefly(sql.replaceAll(/\s+/g, ' ')))
    // The flushed LSN may be asked for again.
    .filter((sql, at, all) => sql !== all[at - 1]);
  const from = asked.indexOf(block);
  const to = asked.indexOf(unblock, from) + 1;
  return { run, commitsWait: asked.slice(from, to), afterwards: asked.slice(to, asked.indexOf(end, from) + 1) };
}
