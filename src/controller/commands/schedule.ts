import { RunError } from '../../shared/errors.ts';
import { associations } from '../aws/associations.ts';
import type { Clients } from '../aws/clients.ts';
import { documents } from '../aws/documents.ts';
import { inventory } from '../aws/inventory.ts';
import { type OurDocument, ourDocument } from '../documents/install-document.ts';
import { parseDocumentName } from '../options/parse-values.ts';
import { presentProgress } from '../runs/progress.ts';
import { createSchedule } from '../schedules/create-schedule.ts';
import { deleteSchedule } from '../schedules/delete-schedule.ts';
import { findSchedules } from '../schedules/find-schedules.ts';
import { parseScheduleName } from '../schedules/schedule-name.ts';
import {
  newSchedule,
  type ScheduleChangeOptions,
  type ScheduleOptions,
  scheduleChange,
} from '../schedules/schedule-options.ts';
import { formatSchedule, formatSchedules, schedulesJson } from '../schedules/schedules-report.ts';
import { updateSchedule } from '../schedules/update-schedule.ts';
import { readSnapshotDocument } from '../system/documents-folder.ts';
import { readIdLists } from '../system/id-lists.ts';
import { styleFor } from '../terminal/style.ts';
import { type Context, clientsFor, type ExitStatus } from './context.ts';

const leftScheduling = (name: string) =>
  new RunError('outcome-unknown', `left at once; the schedule '${name}' may have been changed, or in part`, {
    hint: `See \`mysql-ebs-snapshot schedule list\`; \`schedule delete ${name}\` takes away all that there is of it.`,
  });

/** `schedule create NAME` */
export async function scheduleCreate(
  name: string,
  options: ScheduleChangeOptions,
  context: Context,
): Promise<ExitStatus> {
  const ours = await documentOf(options, context);
  const given = await withIdsRead(options);
  const request = newSchedule(name, given, ours.content, context.clock.now());
  context.onForcedExit(leftScheduling(name));
  using clients = clientsFor(options);
  const { emit } = presentProgress(context.stderr, () => context.clock.now().getTime());
  const { parts, hosts } = await createSchedule(request, ours, portsOf(clients, context), emit, context.cancel);
  const sum = `'${name}' is made, for ${hosts} ${hosts === 1 ? 'host' : 'hosts'} as of now`;
  context.stdout.write(
    options.json === true ? `${schedulesJson(parts, { hosts })}\n` : formatSchedule(parts, sum, styleOf(context)),
  );
  return 0;
}

/** `schedule list` */
export async function scheduleList(options: ScheduleOptions, context: Context): Promise<ExitStatus> {
  const ours = await documentOf(options, context);
  using clients = clientsFor(options);
  const all = await findSchedules(ours, portsOf(clients, context));
  context.stdout.write(options.json === true ? `${schedulesJson(all)}\n` : formatSchedules(all, styleOf(context)));
  return 0;
}

/** `schedule update NAME` */
export async function scheduleUpdate(
  text: string,
  options: ScheduleChangeOptions,
  context: Context,
): Promise<ExitStatus> {
  const ours = await documentOf(options, context);
  const name = parseScheduleName(text);
  const change = scheduleChange(await withIdsRead(options), ours.content);
  context.onForcedExit(leftScheduling(name));
  using clients = clientsFor(options);
  const { emit } = presentProgress(context.stderr, () => context.clock.now().getTime());
  const parts = await updateSchedule(name, change, ours, portsOf(clients, context), emit, context.cancel);
  context.stdout.write(
    options.json === true
      ? `${schedulesJson(parts)}\n`
      : formatSchedule(parts, `'${name}' is changed`, styleOf(context)),
  );
  return 0;
}

/** `schedule delete NAME` */
export async function scheduleDelete(text: string, options: ScheduleOptions, context: Context): Promise<ExitStatus> {
  const documentName = parseDocumentName(options.documentName, '--document-name');
  const name = parseScheduleName(text);
  context.onForcedExit(leftScheduling(name));
  using clients = clientsFor(options);
  const deleted = await deleteSchedule(name, documentName, portsOf(clients, context), context.cancel);
  const gone = deleted.map(({ id, settings }) => ({ id, name: settings.name }));
  context.stdout.write(
    options.json === true
      ? `${JSON.stringify({ v: 1, outcome: 'done', deleted: gone })}\n`
      : `${gone.map((each) => each.name).join('\n')}\n\n'${name}' is deleted; what runs of it goes on\n`,
  );
  return 0;
}

const documentOf = async (options: ScheduleOptions, context: Context): Promise<OurDocument> =>
  ourDocument(
    parseDocumentName(options.documentName, '--document-name'),
    await readSnapshotDocument(context.documentsFolder),
  );

const withIdsRead = async (options: ScheduleChangeOptions): Promise<ScheduleChangeOptions> => ({
  ...options,
  instanceIds: await readIdLists(options.instanceIds),
});

const portsOf = (clients: Clients, { clock }: Context) => ({
  documents: documents(clients),
  associations: associations(clients, clock),
  inventory: inventory(clients),
  clock,
});

const styleOf = ({ stdout, environment }: Context) => styleFor(stdout, environment);
