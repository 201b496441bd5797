import { jsonLine } from '../../shared/json-line.ts';
import { onOneLine } from '../../shared/printable.ts';
import type { Association, AssociationSettings } from '../ports.ts';
import { inBlocks } from '../terminal/blocks.ts';
import { moment } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { type Column, layOut } from '../terminal/table.ts';
import { inWords } from './describe-schedule.ts';
import type { Scheduled } from './schedule-status.ts';

const when = ({ schedule, association: { settings } }: Scheduled): string =>
  schedule === undefined ? (settings.expression ?? 'never') : inWords(schedule, settings.offsetDays);

const targets = ({ targets }: AssociationSettings): string =>
  targets.map(({ key, values }) => `${key}=${values.join('|')}`).join(' and ');

const COLUMNS: readonly Column<Scheduled>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'ROLE', cell: ({ role }) => role },
  { title: 'WHEN', cell: when },
  { title: 'NEXT', cell: ({ next: [first] }) => first && moment(first) },
  { title: 'LAST', cell: ({ association: { lastRunAt } }) => lastRunAt && moment(lastRunAt) },
  { title: 'STATUS', cell: ({ association: { lastRunAt, status } }) => lastRunAt && status },
  { title: 'DOCUMENT', cell: ({ association: { settings } }) => settings.document.version },
  { title: 'TARGETS', cell: ({ association: { settings } }) => targets(settings) },
];

/** A row for each part, below it what is not as it should be, and one line that sums up. */
export function formatSchedules(all: readonly Scheduled[], style: Style): string {
  const { heading, lines } = layOut(all, COLUMNS);
  const names = new Set(all.map(({ name }) => name));
  const associations = all.map(({ association: { settings } }) => settings.name);
  const doubles = all.filter(({ association: { settings } }, at) => associations.indexOf(settings.name) !== at);
  const madeTwice = doubles.map(({ name, association: { settings } }) =>
    onOneLine(`${settings.name}: made twice; \`schedule delete ${name}\`, and create it again`),
  );
  return inBlocks(
    all.length === 0 ? [] : [style.faint(heading), ...lines],
    [...all.flatMap(remarks), ...madeTwice],
    [`${names.size} ${names.size === 1 ? 'schedule' : 'schedules'}`],
  );
}

/** The parts of one schedule that was made or changed, with their next times. */
export function formatSchedule(parts: readonly Scheduled[], sum: string, style: Style): string {
  const { heading, lines } = layOut(
    parts,
    COLUMNS.filter(({ title }) => title !== 'NEXT'),
  );
  return inBlocks(
    [style.faint(heading), ...lines],
    parts.map(({ role, next, association: { settings } }) =>
      onOneLine(`${role === undefined ? '' : `${role}: `}${settings.expression ?? ''} runs ${timesOf(next)}`),
    ),
    parts.flatMap(remarks),
    [sum],
  );
}

const timesOf = (next: readonly Date[]): string => (next.length === 0 ? 'never' : next.map(moment).join(', '));

/** What a person should know of a part, and what to do about it. */
function remarks({ name, document, schedule, association: { settings } }: Scheduled): readonly string[] {
  const repin = `give \`schedule update ${name} --document-version current\``;
  return [
    ...(document === 'old'
      ? [`version ${settings.document.version} is not the document of this program: ${repin}`]
      : []),
    ...(document === 'unpinned' ? [`the document is not pinned (${settings.document.version}): ${repin}`] : []),
    ...(schedule === undefined ? ['its expression is none of this program: its times are not known'] : []),
    ...(settings.applyOnlyAtCronInterval ? [] : ['it also runs when it is changed, and on each host that appears']),
  ].map((remark) => onOneLine(`${settings.name}: ${remark}`));
}

/** Returns the schedules as one line of JSON; `more` adds fields before them. */
export const schedulesJson = (all: readonly Scheduled[], more: object = {}): string =>
  jsonLine({ v: 1, outcome: 'done', ...more, schedules: all.map(fields) });

function fields(part: Scheduled) {
  const { name, role, next, document, association } = part;
  const { id, version, changedAt, lastRunAt, status, settings } = association;
  return {
    name,
    ...(role !== undefined && { role }),
    association: { id, name: settings.name, version, changedAt: changedAt.toISOString() },
    targets: settings.targets,
    expression: settings.expression,
    when: when(part),
    next: next.map((time) => time.toISOString()),
    ...(settings.offsetDays !== undefined && { offsetDays: settings.offsetDays }),
    onlyAtItsTimes: settings.applyOnlyAtCronInterval,
    document: { ...settings.document, is: document },
    parameters: settings.parameters,
    maxConcurrency: settings.maxConcurrency,
    maxErrors: settings.maxErrors,
    ...(settings.severity && { severity: settings.severity }),
    ...(settings.output && { output: settings.output }),
    ...(settings.durationHours !== undefined && { durationHours: settings.durationHours }),
    ...(lastRunAt && { last: { at: lastRunAt.toISOString(), status } }),
  };
}

/** The associations of a schedule that are deleted. */
export const formatDeleted = (name: string, deleted: readonly Association[]): string =>
  inBlocks(
    deleted.map(({ settings }) => settings.name),
    [`'${name}' is deleted; what runs of it goes on`],
  );

export const deletedJson = (deleted: readonly Association[]): string =>
  jsonLine({ v: 1, outcome: 'done', deleted: deleted.map(({ id, settings }) => ({ id, name: settings.name })) });
