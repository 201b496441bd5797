import type { RunError } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { outcomeOf } from '../../shared/result.ts';

/** An error that ends a command, in the form of the report of a run: no host was asked. */
export function formatError(error: RunError, run: string | undefined): string {
  const { code, message, hint } = error;
  return jsonLine({
    v: 1,
    outcome: outcomeOf(code),
    ...(run === undefined ? {} : { run }),
    code,
    message,
    hint,
    hosts: [],
  });
}
