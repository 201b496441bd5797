import { RunError } from '../../shared/errors.ts';
import type { Association, Associations } from '../ports.ts';
import { requireSchedule } from './find-schedules.ts';
import { halfWay } from './partial-change.ts';
import type { ScheduleName } from './schedule-name.ts';

/** Deletes every part of a schedule; what runs of it goes on. Throws `no-such-schedule`. */
export async function deleteSchedule(
  name: ScheduleName,
  documentName: string,
  ports: { readonly associations: Associations },
  cancel: AbortSignal,
): Promise<readonly Association[]> {
  const associations = await requireSchedule(name, documentName, ports);
  let done = 0;
  for (const association of associations) {
    try {
      if (cancel.aborted) throw new RunError('cancelled', 'cancelled');
      await ports.associations.delete(association);
      done += 1;
    } catch (thrown) {
      throw halfWay(thrown, `${done} of ${associations.length} associations of '${name}' are deleted`, done);
    }
  }
  return associations;
}
