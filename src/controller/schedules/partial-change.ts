import { RunError, toRunError } from '../../shared/errors.ts';
import type { ScheduleName } from './schedule-name.ts';

/** What was met when some of several were done already. */
export function halfWay(thrown: unknown, soFar: string, done: number): RunError {
  const error = toRunError(thrown);
  if (done === 0) return error;
  return new RunError('schedule-in-part', `${error.message}; ${soFar}`, {
    cause: thrown,
    hint: 'Give the same command again: it goes on.',
  });
}

/** What was met when a part had been made, and could not be taken back. */
export const notTakenBack = (thrown: unknown, left: readonly string[], name: ScheduleName): RunError =>
  new RunError('schedule-in-part', `${toRunError(thrown).message}; ${left.join(', ')} could not be taken back`, {
    cause: thrown,
    hint: `It runs at its times: take it away with \`mysql-ebs-snapshot schedule delete ${name}\`.`,
  });
