import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import { AGENT_USER, STATE_FOLDER } from '../hosts/simulated-host.ts';
import { signalProcess } from '../machine/lab-processes.ts';
import { processesOn } from './host-processes.ts';
import { monotonicMs } from './monotonic.ts';
import type { SoakedHost } from './soaked-host.ts';
import { becomes, within } from './waiting.ts';

/** From the end of the agent: what is there after this time has been left behind. */
const PROCESSES_MS = 10_000;
/** From the end of all its processes. */
const THAW_MS = 5_000;
/** A statement whose client was killed goes on until the lock timeout of the run (3 s) at the most. */
const SERVER_MS = 10_000;
/** For what we put right ourselves. */
const REPAIR_MS = 30_000;

/** How a run has hurt the host. */
export interface Hurt {
  /** File systems. */
  readonly leftFrozen: number;
  /** 1 where commits wait, or a session of the agent's account is left. */
  readonly leftLocked: number;
  /** Processes, freeze records, and the run lock where it is still held. */
  readonly orphans: number;
  /** The same in words. */
  readonly complaints: readonly string[];
}

/**
 * Looks at the host after a run, each look with a bound, and puts right what it finds, so that
 * the next run meets a fit host. Throws RunError `soak-failed` where that cannot be done.
 */
export async function lookAfter(soaked: SoakedHost): Promise<Hurt> {
  const { host, lab } = soaked;
  await becomes(PROCESSES_MS, () => processesOn(host).length === 0, lab.shell.signal);
  const processes = processesOn(host);
  const frozen = await thawWhatIsFrozen(soaked);
  const server = await freeServer(soaked);
  for (const { pid } of processes) signalProcess(pid, 'SIGKILL');
  const areGone = await becomes(REPAIR_MS, () => processesOn(host).length === 0, lab.shell.signal);
  if (!areGone) throw new RunError('soak-failed', `processes of a run do not end: ${processes.map(nameOf).join(', ')}`);
  const records = await removeFreezeRecords(soaked);
  const locked = await isRunLockHeld(soaked);
  return {
    leftFrozen: frozen.length,
    leftLocked: server.length > 0 ? 1 : 0,
    orphans: processes.length + records.length + (locked ? 1 : 0),
    complaints: [
      ...frozen.map((mount) => `${mount} is left frozen`),
      ...server,
      ...processes.map((process) => `process ${nameOf(process)} is left`),
      ...records.map((record) => `freeze record ${record} is left`),
      ...(locked ? ['the run lock is still held'] : []),
    ],
  };
}

const nameOf = ({ pid, argv: [program = '', ...rest] }: { pid: number; argv: readonly string[] }): string =>
  `${pid} (${[basename(program), ...rest.filter((word) => !word.includes('\n'))].join(' ').trim()})`;

/** The mount points that take no writes. */
async function thawWhatIsFrozen({ lab: { shell }, sentinels }: SoakedHost): Promise<readonly string[]> {
  const frozen: string[] = [];
  for (const { mountPoint, writeInFlightAt } of sentinels) {
    const takesWrites = writeInFlightAt(monotonicMs());
    if ((await within(THAW_MS, takesWrites, shell.signal)) !== 'late') continue;
    frozen.push(mountPoint);
    await shell.run(['fsfreeze', '--unfreeze', mountPoint]);
    if ((await within(REPAIR_MS, takesWrites, shell.signal)) === 'late') {
      throw new RunError('soak-failed', `${mountPoint} takes no writes, thawed or not`);
    }
  }
  return frozen;
}

async function removeFreezeRecords({ host }: SoakedHost): Promise<readonly string[]> {
  const folder = host.namespace.outside(join(STATE_FOLDER, 'frozen'));
  const records = await readdir(folder).catch(() => []);
  for (const record of records) await rm(join(folder, record));
  return records;
}

async function isRunLockHeld({ lab: { shell }, host }: SoakedHost): Promise<boolean> {
  const file = host.namespace.outside(join(STATE_FOLDER, 'run.lock'));
  return shell.run(['flock', '--nonblock', file, 'true']).then(
    () => false,
    () => !shell.signal.aborted,
  );
}

/** Ends the sessions that the agent's account has left, and sees a commit through. */
async function freeServer({ host, lab: { shell }, committer }: SoakedHost): Promise<readonly string[]> {
  const looker = await host.server.connect();
  try {
    const sessions = async () => {
      const question = 'SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ?';
      return (await looker.query<RowDataPacket[]>(question, [AGENT_USER]))[0].map((row) => Number(row['ID']));
    };
    const commit = committer.query('INSERT INTO soak.commits VALUES (1)');
    const committed = await within(SERVER_MS, commit, shell.signal);
    await becomes(SERVER_MS, async () => (await sessions()).length === 0, shell.signal);
    const left = await sessions();
    for (const id of left) await looker.query(`KILL ${id}`);
    if (committed === 'late' && (await within(REPAIR_MS, commit, shell.signal)) === 'late') {
      throw new RunError('soak-failed', 'commits do not go through, although every session of the agent is ended');
    }
    return [
      ...(committed === 'late' ? ['commits still wait'] : []),
      ...left.map((id) => `session ${id} of ${AGENT_USER} is left on the server`),
    ];
  } finally {
    looker.destroy();
  }
}
