import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { messageOf, RunError } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { printable } from '../../shared/printable.ts';
import { applierRecords } from '../adapters/applier-records.ts';
import { disableCoreDumps } from '../adapters/core-dumps.ts';
import { processes } from '../adapters/processes.ts';
import { connectToServer } from '../adapters/server-session.ts';
import type { ServerSession } from '../ports.ts';
import { SILENCE_MS, WatchdogRequest } from '../window/applier-watchdog-request.ts';
import { type Stop, startAppliers, stopAppliers } from '../window/appliers.ts';
import type { CommandResult } from './command-result.ts';

/** How long it tries to start them: a server that lets nobody in, or a transaction that does not end, may pass. */
const PATIENCE_MS = 600_000;
const BETWEEN_TRIES_MS = 1_000;

/**
 * The watchdog of a replica's appliers, a process of its own: stops them, says `stopped`, and starts them again when its
 * stdin ends, whether by order or because the agent has died, or falls silent, because the agent is stopped; then says
 * `started`. No signal ends it before. `refused
 * REASON` or `unclear REASON` come in the place of `stopped`; what is unclear it waits for, and starts it again. Nothing
 * that it was told gets into its words: it was told a password.
 */
export async function applierWatchdogCommand(): Promise<CommandResult> {
  await disableCoreDumps(processes);
  const lines = createInterface({ input: process.stdin });
  const ended = new Promise<void>((resolve) => lines.once('close', resolve));
  const first = await Promise.race([
    new Promise<string>((resolve) => lines.once('line', resolve)),
    ended.then(() => undefined),
  ]);
  const order = parseRequest(first);
  // Whoever started us has died before saying anything, or is no agent of this version: nothing is stopped.
  if (order === undefined) return finish('refused the order of the agent is not understood');

  const { connection, ...record } = order;
  const { plan } = record;
  const { socket, password, tls } = connection;
  const connect = () => connectToServer({ ...connection, socket, password, tls });
  let session: ServerSession;
  try {
    session = await connect();
  } catch (error) {
    return finish(`refused ${printable(messageOf(error))}`);
  }
  applierRecords.add(record);
  const stop = await stopAppliers(session, plan);
  say(wordOf(stop));
  if (stop === 'stopped') await Promise.race([ended, untilSilent(lines)]);
  await startUntilTheyRun(session, connect, plan, stop);
  applierRecords.remove(record);
  return finish('started');
}

/** Ends nothing by itself: the process lives on for its stdin. */
function untilSilent(lines: Interface): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SILENCE_MS).unref();
    lines.on('line', () => timer.refresh());
  });
}

function parseRequest(line: string | undefined): WatchdogRequest | undefined {
  try {
    return v.parse(WatchdogRequest, JSON.parse(line ?? ''));
  } catch {
    return undefined;
  }
}

function wordOf(stop: Stop): string {
  if (stop === 'stopped') return stop;
  return 'refused' in stop ? `refused ${printable(stop.refused)}` : `unclear ${printable(stop.unclear)}`;
}

/** Throws RunError `applier-stopped` where it cannot be done in all that time: the record stays. */
async function startUntilTheyRun(
  first: ServerSession,
  connect: () => Promise<ServerSession>,
  plan: WatchdogRequest['plan'],
  stop: Stop,
): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS;
  let session: ServerSession | undefined = first;
  for (;;) {
    try {
      session ??= await connect();
      if (typeof stop === 'object' && 'unclear' in stop) await untilStopped(session, plan, giveUp);
      await startAppliers(session, plan);
      return;
    } catch (error) {
      await session?.[Symbol.asyncDispose]();
      if (performance.now() > giveUp) {
        const { start } = plan;
        throw new RunError('applier-stopped', `${start.join('; ')}: ${messageOf(error)}`, { cause: error });
      }
      session = undefined;
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

/** A STOP that is still in effect: started before it has come to its end, the applier would stop after all. */
async function untilStopped(session: ServerSession, { status, channels }: WatchdogRequest['plan'], giveUp: number) {
  const runs = async () =>
    (await session.run(status.sql)).some(
      (row) => channels.includes(row[status.channel] ?? '') && row[status.applying]?.toUpperCase() === 'YES',
    );
  while (performance.now() < giveUp && (await runs())) await sleep(BETWEEN_TRIES_MS);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function finish(lastWord: string): CommandResult {
  say(lastWord);
  return { exit: 0, json: jsonLine({ v: 1, outcome: 'done' }), text: '' };
}
