import { RunError } from '../../shared/errors.ts';
import type { OurDocument } from '../documents/install-document.ts';
import type { Association, Documents } from '../ports.ts';
import type { SchedulePorts } from './create-schedule.ts';
import { type ScheduleName, scheduleOf } from './schedule-name.ts';
import { inOrder, type Scheduled, scheduled } from './schedule-status.ts';

/** Every schedule of the document, with what State Manager and its document are. */
export async function findSchedules(ours: OurDocument, ports: SchedulePorts): Promise<readonly Scheduled[]> {
  return asTheyStand(await ports.associations.ours(ours.name), ours, ports);
}

/** The associations of a schedule. Throws `no-such-schedule`. */
export async function requireSchedule(
  name: ScheduleName,
  documentName: string,
  { associations }: Pick<SchedulePorts, 'associations'>,
): Promise<readonly Association[]> {
  const all = await associations.ours(documentName);
  const found = all.filter(({ settings }) => scheduleOf(settings.name)?.name === name);
  if (found.length > 0) return found;
  throw new RunError('no-such-schedule', `there is no schedule '${name}' of the document '${documentName}'`);
}

/**
 * Returns the associations as schedules, sorted by `inOrder`; one whose name is not this program's is left out. Asks
 * DescribeDocument once for each version of the document that they name.
 */
export async function asTheyStand(
  associations: readonly Association[],
  ours: OurDocument,
  { documents, clock }: SchedulePorts,
): Promise<readonly Scheduled[]> {
  const now = clock.now();
  const isOurs = await versionsOfOurs(associations, ours, documents);
  return associations
    .flatMap((each) => scheduled(each, isOurs.has(each.settings.document.version), now) ?? [])
    .sort(inOrder);
}

/** Those of the versions that hold what this program would install. */
async function versionsOfOurs(
  associations: readonly Association[],
  ours: OurDocument,
  documents: Documents,
): Promise<ReadonlySet<string>> {
  const versions = new Set(associations.map(({ settings }) => settings.document.version));
  const same = new Set<string>();
  for (const version of versions) {
    const described = await documents.describe(ours.name, version);
    if (described?.sha256 === ours.sha256) same.add(version);
  }
  return same;
}
