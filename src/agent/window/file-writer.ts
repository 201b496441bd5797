import { RunError } from '../../shared/errors.ts';
import type { ServerFacts } from '../discovery/facts.ts';
import { DeadlinePassed, type LineProcess, type Processes } from '../ports.ts';
import program from './file-writer.sh';
import { shellProgram } from './shell.ts';

const START_DEADLINE_MS = 5_000;
/** The shell reads its orders byte by byte, under the lock. */
const MOST_BYTES = 1024 * 1024;

/** Writes our files into the data directory as its owner; warm before the lock, gone after it. */
export interface FileWriter extends AsyncDisposable {
  /**
   * Each file (name -> one line of text) appears whole, or the old one stays; null: there is none of that name. Throws
   * RunError `write-failed`.
   */
  write(files: Readonly<Record<string, string | null>>, deadlineMs: number): Promise<void>;
}

export async function startFileWriter(
  processes: Processes,
  { datadir, datadirOwner: owner }: Pick<ServerFacts, 'datadir' | 'datadirOwner'>,
): Promise<FileWriter> {
  const child = processes.start(shellProgram(program, 'file-writer'), {
    name: 'file writer',
    cwd: datadir,
    uid: owner.uid,
    gid: owner.gid,
  });
  if ((await answer(child, START_DEADLINE_MS)) !== 'waiting') {
    await child[Symbol.asyncDispose]();
    throw new RunError('write-failed', `the file writer did not start in ${datadir}: ${child.complaints}`);
  }
  return {
    async write(files, deadlineMs) {
      const orders = Object.entries(files).map(([name, text]) =>
        text === null ? `none ${name}` : `file ${name} ${text.trimEnd()}`,
      );
      for (const order of orders) refuseUnsendable(datadir, order);
      for (const order of orders) child.send(order);
      child.send('commit');
      const said = await answer(child, deadlineMs);
      if (said === 'written') return;
      const reason = said?.replace(/^failed /, '') ?? `no answer within ${deadlineMs} ms`;
      throw new RunError('write-failed', `${datadir}: ${Object.keys(files).join(', ')} not written: ${reason}`);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** A second line would be an order of its own. */
function refuseUnsendable(datadir: string, order: string): void {
  const [, name = ''] = order.split(' ', 2);
  const bytes = Buffer.byteLength(order);
  if (order.includes('\n')) throw new RunError('write-failed', `${datadir}: ${name} is more than one line`);
  if (bytes > MOST_BYTES) {
    throw new RunError('write-failed', `${datadir}: ${name} would have ${bytes} bytes, the most is ${MOST_BYTES}`, {
      hint: 'See what the server says of its GTID set and its settings: no real ones are that long.',
    });
  }
}

/** The child's word, `ended` where it has ended, `undefined` where it is silent past the deadline. */
async function answer(child: LineProcess, deadlineMs: number): Promise<string | undefined> {
  try {
    return (await child.nextLine(deadlineMs)) ?? 'ended';
  } catch (error) {
    if (error instanceof DeadlinePassed) return undefined;
    throw error;
  }
}
