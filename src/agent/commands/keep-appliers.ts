import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { messageOf } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { applierRecords } from '../adapters/applier-records.ts';
import { connectToServer } from '../adapters/server-session.ts';
import type { ServerSession } from '../ports.ts';
import { printable } from '../report/printable.ts';
import { STOP_DEADLINE_MS, startAppliers } from '../window/appliers.ts';
import { KeeperOrder } from '../window/keeper-order.ts';
import type { Ending } from './ending.ts';

/**
 * The keeper of a replica's appliers, a process of its own: stops them, says `stopped`, and starts them again when its
 * stdin ends, whether by order or because the agent has died; then says `started`. `failed REASON` comes in the place of
 * either word. No signal ends it before.
 */
export async function keepAppliersCommand(): Promise<Ending> {
  const lines = createInterface({ input: process.stdin });
  const ended = new Promise<void>((resolve) => lines.once('close', resolve));
  const [first] = await Promise.race([
    new Promise<[string]>((resolve) => lines.once('line', (line) => resolve([line]))),
    ended.then((): [] => []),
  ]);
  // Whoever started us has died before saying anything: nothing is stopped.
  if (first === undefined) return QUIET;
  const { connection, record, stop, start } = v.parse(KeeperOrder, JSON.parse(first));
  const { socket, password, ...where } = connection;
  const connect = () => connectToServer({ ...where, socket, password });

  const file = applierRecords.add(record, start);
  say(await told('stopped', () => stopAll(connect, stop)));
  await ended;
  say(
    await told('started', async () => {
      await using session = await connect();
      await startAppliers(session, start);
      applierRecords.remove(file);
    }),
  );
  return QUIET;
}

async function stopAll(connect: () => Promise<ServerSession>, stop: readonly string[]): Promise<void> {
  await using session = await connect();
  for (const statement of stop) await session.run(statement, STOP_DEADLINE_MS);
}

async function told(word: string, work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return word;
  } catch (error) {
    return `failed ${printable(messageOf(error))}`;
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Its words have been said. */
const QUIET: Ending = { exit: 0, json: jsonLine({ v: 1, outcome: 'done' }), text: '' };
