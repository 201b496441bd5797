import { decodeResult, type Result } from '../../../shared/result.ts';

/** The first line that is a result. Systems Manager puts stderr behind stdout, so the host's own line comes first. */
export function printedResult(output: string): Result | undefined {
  for (const line of output.split('\n')) {
    const result = decodeResult(line.trim());
    if (result !== undefined) return result;
  }
  return undefined;
}
