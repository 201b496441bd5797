import { readFileSync, writeFileSync } from 'node:fs';
import { RunError } from '../../shared/errors.ts';

/** The text of a capture. Throws RunError `usage` where the file cannot be read. */
export function readCaptureFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new RunError('usage', `the capture ${path} cannot be read: ${reason(error)}`, { cause: error });
  }
}

/** Writes a capture for its owner alone. Throws RunError `usage` where the file is there already or cannot be written. */
export function writeCaptureFile(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new RunError('usage', `the capture cannot be written to ${path}: ${reason(error)}`, { cause: error });
  }
}

const reason = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
