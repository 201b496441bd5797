import { RunError, toRunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import { type OurDocument, requireOurDocument } from '../documents/install-document.ts';
import type { EmitFleet } from '../events.ts';
import type { Association, AssociationSettings, Associations, Clock, Documents, Inventory } from '../ports.ts';
import { targetInstances } from '../targets/target-instances.ts';
import { notTakenBack } from './partial-change.ts';
import { isIn, type NewSchedule, planSchedule } from './plan-schedule.ts';
import { relistAssociations } from './relist-associations.ts';
import { type ScheduleName, scheduleOf } from './schedule-name.ts';
import { type Scheduled, scheduled } from './schedule-status.ts';

/** The ports that the schedule stories use. */
export interface SchedulePorts {
  readonly documents: Documents;
  readonly associations: Associations;
  readonly clock: Clock;
}

/** What `createSchedule` made: a part for each role, or one without. */
export interface CreatedSchedule {
  readonly parts: readonly Scheduled[];
  /** How many hosts it would run on now. */
  readonly hosts: number;
}

/** An association that was just made may be shown late: it is looked for this often, this far apart. */
const LOOK_UP = { firstMs: 3_000, times: 5 } as const;

/**
 * Proves the document, makes one association for each part, and takes those back that were made where one cannot be.
 * Throws `usage` where there is a schedule of that name.
 */
export async function createSchedule(
  request: NewSchedule,
  ours: OurDocument,
  ports: SchedulePorts & { readonly inventory: Inventory },
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<CreatedSchedule> {
  const document = await requireOurDocument(ours, ports.documents);
  const planned = planSchedule(request, document.version);
  await refuseTaken(request.name, ours.name, ports.associations);
  const hosts = await targetedHosts(request, ports.inventory, emit);

  const made: Association[] = [];
  try {
    for (const settings of planned) {
      if (cancel.aborted) throw new RunError('cancelled', `cancelled; '${request.name}' is not made`);
      made.push(await createOnce(settings, ports, emit));
    }
  } catch (thrown) {
    const left = await takeBack(made, ports.associations, emit);
    throw left.length === 0 ? thrown : notTakenBack(thrown, left, request.name);
  }
  const now = ports.clock.now();
  return { parts: made.flatMap((association) => scheduled(association, true, now) ?? []), hosts };
}

async function refuseTaken(name: ScheduleName, documentName: string, associations: Associations): Promise<void> {
  const all = await associations.ours(documentName);
  if (all.every(({ settings }) => scheduleOf(settings.name)?.name !== name)) return;
  throw new RunError('usage', `there is a schedule '${name}' already`, {
    hint: `Change it with \`mysql-ebs-snapshot schedule update ${name}\`, or take another name.`,
  });
}

/** Each part is for somebody; whom none of them is for is told. */
async function targetedHosts(request: NewSchedule, inventory: Inventory, emit: EmitFleet): Promise<number> {
  const hosts = await targetInstances(request.scope, inventory);
  for (const { role, scope } of request.parts) {
    if (hosts.some((host) => isIn(scope, host))) continue;
    throw new RunError('no-target', `no instance of the targets has the role '${role}'`, {
      hint: 'Check --by and the roles of --cron against the tags of the instances; nothing was scheduled.',
    });
  }
  const left = hosts.filter((host) => request.parts.every(({ scope }) => !isIn(scope, host)));
  for (const { instanceId, name } of left)
    emit({ type: 'warned', message: `${instanceId} (${name}) has none of the roles, so this schedule is not for it` });
  return hosts.length - left.length;
}

/**
 * CreateAssociation has no idempotency token, so after an answer that does not say what happened the association is looked
 * for by its name; it is never asked for a second time. Throws `outcome-unknown` where it is not found.
 */
async function createOnce(
  settings: AssociationSettings,
  { associations, clock }: SchedulePorts,
  emit: EmitFleet,
): Promise<Association> {
  const answer = await associations.create(settings);
  if (answer.kind === 'done') return answer.association;
  emit({ type: 'warned', message: `no clear answer to CreateAssociation (${answer.message}); looking for it` });
  await clock.sleep(LOOK_UP.firstMs);
  const found = await poll(clock, LOOK_UP, async () => {
    const all = await relistAssociations(associations, settings.document.name, emit);
    return all.find((each) => each.settings.name === settings.name);
  });
  if (found !== undefined) return found;
  throw new RunError(
    'outcome-unknown',
    `Systems Manager did not say whether it made the association ${settings.name} (${answer.message})`,
    { hint: 'See `mysql-ebs-snapshot schedule list` in some minutes, and delete what is there before you run again.' },
  );
}

/** Answers the names of those that are left. */
async function takeBack(
  made: readonly Association[],
  associations: Associations,
  emit: EmitFleet,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const association of made) {
    try {
      await associations.delete(association);
    } catch (thrown) {
      left.push(association.settings.name);
      emit({ type: 'warned', message: `${association.settings.name} is left: ${toRunError(thrown).message}` });
    }
  }
  return left;
}
