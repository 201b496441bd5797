import { rename, rm, writeFile } from 'node:fs/promises';
import { messageOf, RunError } from '../../shared/errors.ts';

/** Puts the text into a file that others may be reading: they see what was there, or all of it. Throws RunError `usage`. */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}`;
  try {
    await writeFile(beside, text, { mode: 0o644 });
    await rename(beside, path);
  } catch (thrown) {
    await rm(beside, { force: true }).catch(() => {});
    throw new RunError('usage', `${path} cannot be written: ${messageOf(thrown)}`, {
      hint: 'Name a file in a folder that exists and that you may write to.',
    });
  }
}
