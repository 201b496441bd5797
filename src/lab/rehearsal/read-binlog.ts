import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BinlogPosition } from '../../shared/coordinates.ts';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from '../machine/shell.ts';
import type { Distribution } from '../servers/distribution.ts';
import { type BinlogEnd, BinlogEndText } from './binlog-end.ts';
import { type BinlogContents, BinlogText } from './binlog-text.ts';

/** The files of a binary log, oldest first. `logBin` is path and base name, as `--log-bin` has them. */
async function binlogFiles(logBin: string): Promise<readonly { name: string; path: string; bytes: number }[]> {
  const [folder, base] = [dirname(logBin), basename(logBin)];
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${base}.`) && /\.\d+$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name, path, bytes: (await stat(path)).size };
    }),
  );
}

/** Everything in a binary log from a place to its end. Throws RunError `rehearsal-failed` where that is no place in it. */
export async function readBinlogFrom(
  shell: Shell,
  distribution: Distribution,
  logBin: string,
  from: BinlogPosition,
): Promise<BinlogContents> {
  const files = (await binlogFiles(logBin)).filter(({ name }) => name >= from.file);
  const [first] = files;
  if (first?.name !== from.file || first.bytes < from.position) {
    throw new RunError('rehearsal-failed', `${from.file}:${from.position} is no place in the binary log ${logBin}`);
  }
  return contentsOf(shell, distribution, [`--start-position=${from.position}`, ...files.map(({ path }) => path)]);
}

/** What a binary log holds beyond a GTID set, which the program's arguments exclude. Throws RunError `rehearsal-failed`. */
export async function readBinlogBeyond(
  shell: Shell,
  distribution: Distribution,
  logBin: string,
  excluding: readonly string[],
): Promise<BinlogContents> {
  const files = await binlogFiles(logBin);
  return contentsOf(shell, distribution, [...excluding, ...files.map(({ path }) => path)]);
}

async function contentsOf(shell: Shell, distribution: Distribution, args: readonly string[]): Promise<BinlogContents> {
  const text = new BinlogText();
  const complaint = await readAsText(shell, distribution, args, (line) => text.read(line));
  if (complaint !== undefined)
    throw new RunError('rehearsal-failed', `${distribution.flavour.binlogTool}: ${complaint}`);
  return text.contents;
}

/**
 * Where the last whole transaction ends in the newest file of a binary log that no server has open: the coordinates of
 * an image that was taken without a lock. That the file ends in the middle of an event is how such an image looks, and
 * no error. Throws RunError `rehearsal-failed` where there is no place in it at all.
 */
export async function findBinlogEnd(
  shell: Shell,
  distribution: Distribution,
  logBin: string,
): Promise<BinlogPosition & Pick<BinlogEnd, 'gtid'>> {
  const newest = (await binlogFiles(logBin)).at(-1);
  const text = new BinlogEndText();
  const complaint =
    newest &&
    (await readAsText(shell, distribution, ['--verify-binlog-checksum', newest.path], (line) => text.read(line)));
  const { end } = text;
  if (!newest || !end) {
    const reason = complaint ?? 'it is empty';
    throw new RunError('rehearsal-failed', `there is no place to be found in the binary log ${logBin}: ${reason}`);
  }
  return { file: newest.name, ...end };
}

/** Reads files of a binary log as text. Returns what the program complained of where it did not come to their end. */
async function readAsText(
  shell: Shell,
  { flavour, programs }: Distribution,
  args: readonly string[],
  read: (line: string) => void,
): Promise<string | undefined> {
  const program = [...programs.tool(flavour.binlogTool), '--no-defaults', '--base64-output=decode-rows', '--verbose'];
  const child = shell.start([...program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal: shell.signal });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new RunError('bug', `${flavour.binlogTool} has no pipes`);
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // Whoever fails first is heard below; a rejection before that must not count as unhandled.
  ended.catch(() => undefined);
  for await (const line of createInterface({ input: stdout })) read(line);
  return (await ended) === 0 ? undefined : complaint.trim();
}
