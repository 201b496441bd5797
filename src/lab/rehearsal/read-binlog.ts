import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BinlogPosition } from '../../shared/coordinates.ts';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from '../machine/shell.ts';
import type { Distribution } from '../servers/distribution.ts';
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

/**
 * Everything in a binary log of a server from a place to its end. Throws RunError `rehearsal-failed` where that is no
 * place in it.
 */
export async function readBinlogFrom(
  shell: Shell,
  { flavour, programs }: Distribution,
  logBin: string,
  from: BinlogPosition,
): Promise<BinlogContents> {
  const files = (await binlogFiles(logBin)).filter(({ name }) => name >= from.file);
  const [first] = files;
  if (first?.name !== from.file || first.bytes < from.position) {
    throw new RunError('rehearsal-failed', `${from.file}:${from.position} is no place in the binary log ${logBin}`);
  }
  const child = shell.start(
    [
      ...programs.tool(flavour.binlogTool),
      '--no-defaults',
      '--base64-output=decode-rows',
      '--verbose',
      `--start-position=${from.position}`,
      ...files.map(({ path }) => path),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], signal: shell.signal },
  );
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
  const text = new BinlogText();
  for await (const line of createInterface({ input: stdout })) text.read(line);
  if ((await ended) !== 0) throw new RunError('rehearsal-failed', `${flavour.binlogTool}: ${complaint.trim()}`);
  return text.contents;
}
