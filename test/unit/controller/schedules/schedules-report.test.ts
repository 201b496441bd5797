import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inOrder, type Scheduled, scheduled } from '../../../../src/controller/schedules/schedule-status.ts';
import {
  formatSchedule,
  formatSchedules,
  schedulesJson,
} from '../../../../src/controller/schedules/schedules-report.ts';
import { styleFor } from '../../../../src/controller/terminal/style.ts';
import { associationOf } from './some-schedules.ts';

const NOW = new Date('2026-11-26T12:00:00Z');
const ran = { lastRunAt: new Date('2026-11-26T03:00:07Z'), status: 'Success' };
const document = (version: string) => ({ name: 'mysql-ebs-snapshot', version });
const target = (role: string) => [
  { key: 'tag:Env', values: ['prod'] },
  { key: 'tag:Role', values: [role] },
];

const all: readonly Scheduled[] = [
  scheduled(associationOf({ name: 'mysql-ebs-snapshot.nightly.replica', targets: target('replica') }, ran), true, NOW),
  scheduled(
    associationOf({
      name: 'mysql-ebs-snapshot.nightly.source',
      targets: target('source'),
      expression: 'cron(0 5 ? * SUN *)',
      offsetDays: 1,
      severity: 'high',
      output: { bucket: 'outputs', prefix: 'nightly', region: undefined },
      durationHours: 4,
    }),
    true,
    NOW,
  ),
  scheduled(
    associationOf(
      {
        name: 'mysql-ebs-snapshot.frequent',
        document: document('2'),
        expression: 'rate(5 hours)',
        applyOnlyAtCronInterval: false,
      },
      { ...ran, status: 'Failed' },
    ),
    false,
    NOW,
  ),
  scheduled(
    associationOf({
      name: 'mysql-ebs-snapshot.by-hand',
      document: document('$LATEST'),
      expression: 'cron(0 3 1 * ? *)\u001b[31m',
      targets: [{ key: 'InstanceIds', values: ['i-1', 'i-2'] }],
    }),
    false,
    NOW,
  ),
]
  .flatMap((part) => part ?? [])
  .sort(inOrder);
const nightly = all.filter(({ name }) => name === 'nightly');

it.each([
  ['list', 'txt', formatSchedules(all, styleFor({}, {}))],
  ['list', 'json.txt', `${JSON.stringify(JSON.parse(schedulesJson(all)), null, 2)}\n`],
  ['made', 'txt', formatSchedule(nightly, "'nightly' is made, for 2 hosts as of now", styleFor({}, {}))],
  ['none', 'txt', formatSchedules([], styleFor({}, {}))],
])('%s is told as %s', async (what, extension, text) => {
  await expect(text).toMatchFileSnapshot(join(import.meta.dirname, `schedules-${what}.golden.${extension}`));
});
