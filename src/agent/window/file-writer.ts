import { RunError } from '../../shared/errors.ts';
import type { ServerFacts } from '../discovery/facts.ts';
import type { Processes, WriterLock } from '../ports.ts';
import { stuckFileSystem } from './file-system-stuck.ts';
import program from './file-writer.sh';
import { nextWord } from './next-word.ts';
import { shellProgram } from './shell.ts';

const START_DEADLINE_MS = 5_000;
/** The file system has been probed a moment ago. */
const OPEN_DEADLINE_MS = 5_000;
/** Commits may wait for it. */
const MOST_BYTES = 1024 * 1024;

/** Writes our files into the data directory as its owner; warm before the lock, gone after it. */
export interface FileWriter extends AsyncDisposable {
  /**
   * Opens a temporary file for each name, so that `write` has that done already; again, it does nothing. Throws RunError
   * `write-failed`, or `file-system-stuck` where that does not end.
   */
  open(names: readonly string[]): Promise<void>;
  /**
   * Each file (name -> one line of text) appears whole, or the old one stays; null: there is none of that name. Throws
   * RunError `write-failed`.
   */
  write(files: Readonly<Record<string, string | null>>, deadlineMs: number): Promise<void>;
}

export async function startFileWriter(
  processes: Processes,
  { datadir, datadirOwner: owner }: Pick<ServerFacts, 'datadir' | 'datadirOwner'>,
  writerLock: WriterLock,
): Promise<FileWriter> {
  const child = processes.start(shellProgram(program, 'file-writer'), {
    name: 'file writer',
    cwd: datadir,
    uid: owner.uid,
    gid: owner.gid,
    inherit: writerLock.descriptor,
  });
  if ((await nextWord(child, START_DEADLINE_MS)) !== 'waiting') {
    await child[Symbol.asyncDispose]();
    throw new RunError('write-failed', `the file writer did not start in ${datadir}: ${child.complaints}`);
  }
  const failed = (names: readonly string[], what: string, said: string) =>
    new RunError('write-failed', `${datadir}: ${names.join(', ')} not ${what}: ${said.replace(/^failed /, '')}`);
  return {
    async open(names) {
      child.send(`open ${names.join(' ')}`);
      const said = await nextWord(child, OPEN_DEADLINE_MS);
      if (said === undefined) throw stuckFileSystem(datadir, `files in ${datadir} were not made`, OPEN_DEADLINE_MS);
      if (said !== 'opened') throw failed(names, 'made', said);
    },
    async write(files, deadlineMs) {
      for (const [name, text] of Object.entries(files)) refuseUnsendable(datadir, name, text ?? '');
      for (const [name, text] of Object.entries(files)) child.send(text === null ? `none ${name}` : file(name, text));
      child.send('commit');
      const said = await nextWord(child, deadlineMs);
      if (said !== 'written') throw failed(Object.keys(files), 'written', said ?? `no answer within ${deadlineMs} ms`);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** The length lets the shell read it at once; where it is not told, it reads byte by byte. */
function file(name: string, text: string): string {
  const line = text.trimEnd();
  return `file ${name} ${Buffer.byteLength(line) + NEWLINE_BYTES}\n${line}`;
}

const NEWLINE_BYTES = 1;

/** What reads the files expects one line. */
function refuseUnsendable(datadir: string, name: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (text.trimEnd().includes('\n')) throw new RunError('write-failed', `${datadir}: ${name} is more than one line`);
  if (bytes > MOST_BYTES) {
    throw new RunError('write-failed', `${datadir}: ${name} would have ${bytes} bytes, the most is ${MOST_BYTES}`, {
      hint: 'See what the server says of its GTID set and its settings: no real ones are that long.',
    });
  }
}
