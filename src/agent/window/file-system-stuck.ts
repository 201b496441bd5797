import { RunError } from '../../shared/errors.ts';

/** `what` was not done in time, in the file system of a folder. */
export const stuckFileSystem = (folder: string, what: string, deadlineMs: number): RunError =>
  new RunError('file-system-stuck', `${what} within ${deadlineMs / 1000} s: frozen by another program, or stalled`, {
    hint: `If the program that froze it has gone: \`fsfreeze --unfreeze ${folder}\`; otherwise look at the device below (dmesg).`,
  });
