import { isDeepStrictEqual } from 'node:util';
import { RunError } from '../../shared/errors.ts';
import { type OurDocument, requireOurDocument } from '../documents/install-document.ts';
import type { EmitFleet } from '../events.ts';
import type { Association, AssociationSettings, Inventory } from '../ports.ts';
import { targetInstances } from '../targets/target-instances.ts';
import type { SchedulePorts } from './create-schedule.ts';
import { asTheyStand, requireSchedule } from './find-schedules.ts';
import { readSchedule } from './parse-schedule.ts';
import { halfWay } from './partial-change.ts';
import { planChange, refuseMeetingRoles, type ScheduleChange } from './plan-schedule.ts';
import { relistAssociations } from './relist-associations.ts';
import { type ScheduleName, scheduleOf } from './schedule-name.ts';
import type { Scheduled } from './schedule-status.ts';

/** How long after an update that was not answered it is looked at. */
const LOOK_AFTER_MS = 3_000;

/** Changes what the change says in every part of a schedule, and keeps everything else. */
export async function updateSchedule(
  name: ScheduleName,
  change: ScheduleChange,
  ours: OurDocument,
  ports: SchedulePorts & { readonly inventory: Inventory },
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<readonly Scheduled[]> {
  const document = await requireOurDocument(ours, ports.documents);
  const before = await requireSchedule(name, ours.name, ports);
  const planned = planChange(before, change, document.version);
  refuseDoubles(name, before);
  refuseMeetingOnTheWay(before, planned, ports.clock.now());
  sayWhatIsTakenAway(before, planned, emit);
  if (change.scope !== undefined) await targetInstances(change.scope, ports.inventory);

  const after: Association[] = [];
  for (const [at, association] of before.entries()) {
    const settings = planned[at];
    if (settings === undefined) break;
    try {
      if (cancel.aborted) throw new RunError('cancelled', 'cancelled');
      after.push(await updateOnce(association, settings, ports, emit));
    } catch (thrown) {
      throw halfWay(thrown, `${after.length} of ${before.length} associations of '${name}' are changed`, after.length);
    }
  }
  return asTheyStand(after, ours, ports);
}

/** Two of one name cannot be told apart, and each host takes two sets. */
function refuseDoubles(name: ScheduleName, associations: readonly Association[]): void {
  const names = associations.map(({ settings }) => settings.name);
  const double = names.find((each, at) => names.indexOf(each) !== at);
  if (double === undefined) return;
  throw new RunError('usage', `there are two associations ${double}`, {
    hint: `Take them away with \`mysql-ebs-snapshot schedule delete ${name}\`, and create the schedule again.`,
  });
}

/** The parts are changed one after the other, and each may be the last that can be. */
function refuseMeetingOnTheWay(
  before: readonly Association[],
  planned: readonly AssociationSettings[],
  now: Date,
): void {
  for (let changed = planned.length; changed > 0; changed--) {
    const standing = before.slice(changed).map(({ settings }) => settings);
    refuseMeetingRoles([...planned.slice(0, changed), ...standing].map(roleAndTimes), now);
  }
}

function sayWhatIsTakenAway(
  before: readonly Association[],
  planned: readonly AssociationSettings[],
  emit: EmitFleet,
): void {
  for (const [at, { settings }] of before.entries()) {
    if (settings.applyOnlyAtCronInterval || planned[at]?.applyOnlyAtCronInterval !== true) continue;
    const message = `${settings.name} runs at its times alone from now on, and no more on hosts that appear (--run-now keeps that)`;
    emit({ type: 'warned', message });
  }
}

const roleAndTimes = ({ name, expression }: AssociationSettings) => ({
  role: scheduleOf(name)?.role,
  schedule: expression === undefined ? undefined : readSchedule(expression),
});

/** After an answer that does not say what happened: looks whether it is as it was to be. */
async function updateOnce(
  association: Association,
  settings: AssociationSettings,
  { associations, clock }: SchedulePorts,
  emit: EmitFleet,
): Promise<Association> {
  const answer = await associations.update(association, settings);
  if (answer.kind === 'done') return answer.association;
  emit({ type: 'warned', message: `no clear answer to UpdateAssociation (${answer.message}); looking at it` });
  await clock.sleep(LOOK_AFTER_MS);
  const all = await relistAssociations(associations, settings.document.name, emit);
  const found = all.find(({ id }) => id === association.id);
  if (found !== undefined && isDeepStrictEqual(found.settings, settings)) return found;
  throw new RunError(
    'outcome-unknown',
    `Systems Manager did not say whether it changed ${settings.name} (${answer.message})`,
    { hint: 'See `mysql-ebs-snapshot schedule list`; the same update may be given again.' },
  );
}
