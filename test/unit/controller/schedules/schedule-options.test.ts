import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LONGEST_RUN_MS } from '../../../../src/controller/schedules/plan-schedule.ts';
import { expressionOf } from '../../../../src/controller/schedules/schedule.ts';
import {
  newSchedule,
  type ScheduleChangeOptions,
  scheduleChange,
} from '../../../../src/controller/schedules/schedule-options.ts';
import { host } from '../fakes.ts';

const document = readFileSync(new URL('../../../../ssm-documents/snapshot.yaml', import.meta.url), 'utf8');
const NOW = new Date('2026-11-26T03:00:00Z');

type Given = Partial<ScheduleChangeOptions>;
const NIGHTLY: Given = { target: ['tag:Role=db'], cron: ['0 3 * * *'] };
const create = (given: Given, name = 'nightly') =>
  newSchedule(name, { documentName: 'mysql-ebs-snapshot', ...NIGHTLY, ...given }, document, NOW);
const update = (given: Given) => scheduleChange({ documentName: 'mysql-ebs-snapshot', ...given }, document);
const refused = (message: string | RegExp, hint: RegExp) =>
  expect.objectContaining({
    code: 'usage',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });

it('a run is given by the document what roles are kept apart', () => {
  expect(parse(document).mainSteps[0].inputs.timeoutSeconds * 1000).toBe(LONGEST_RUN_MS);
});

describe('a new schedule', () => {
  it('of a target and a time waits for it, splays, and leaves the run id to each host', () => {
    expect(create({})).toMatchObject({
      name: 'nightly',
      parts: [{ role: undefined, schedule: { kind: 'cron', cadence: { every: 'day', at: { hour: 3, minute: 0 } } } }],
      runNow: false,
      parameters: { Operation: 'snapshot', Splay: '300' },
      maxConcurrency: '100%',
      maxErrors: '100%',
    });
    expect(create({}).parameters).not.toHaveProperty('RunId');
    expect(create({ splay: '0' }).parameters).toMatchObject({ Splay: '0' });
    expect(create({ serverGroup: '_b' }).parameters).toMatchObject({ ServerGroup: '_b' });
  });

  it('takes all that State Manager has', () => {
    const given: Given = {
      instanceIds: [host(1)],
      target: [],
      cron: ['cron(0 3 ? * TUE#2 *)'],
      offset: '2',
      maxConcurrency: '10%',
      maxErrors: '0',
      severity: 'HIGH',
      outputS3: 's3://outputs/a/b/',
      duration: '4',
      tag: ['Purpose=monthly'],
      level: 'auto',
    };
    expect(create(given)).toMatchObject({
      scope: { by: 'ids', ids: [host(1)] },
      offsetDays: 2,
      maxConcurrency: '10%',
      maxErrors: '0',
      severity: 'high',
      output: { bucket: 'outputs', prefix: 'a/b' },
      durationHours: 4,
      parameters: { Tags: 'Purpose=monthly', Level: 'auto' },
    });
    expect(create({ outputS3: 's3://outputs' }).output).toEqual({ bucket: 'outputs' });
    expect(create({ cron: [], rate: '12 hours', runNow: true }).parts[0].schedule).toEqual({
      kind: 'rate',
      minutes: 720,
    });
  });

  it('by a tag is a part for each of its values that has a time', () => {
    const given: Given = {
      target: ['tag:Env=prod', 'tag:Role=source', 'tag:Role=replica'],
      by: 'tag:Role',
      cron: ['replica=0 3 * * *', 'source=cron(0 5 ? * SUN *)'],
    };
    const env = { key: 'Env', values: ['prod'] };
    expect(create(given).parts.map(({ role, scope, schedule }) => [role, scope, expressionOf(schedule)])).toEqual([
      ['replica', { by: 'tags', tags: [env, { key: 'Role', values: ['replica'] }] }, 'cron(0 3 ? * * *)'],
      ['source', { by: 'tags', tags: [env, { key: 'Role', values: ['source'] }] }, 'cron(0 5 ? * SUN *)'],
    ]);
  });

  const roles: Given = { target: ['tag:Env=prod'], by: 'tag:Role' };
  it.each<[Given, string | RegExp, RegExp]>([
    [{ cron: [] }, 'no time is given', /--cron.*--rate with --run-now/],
    [{ cron: ['0 3 1 * *'] }, /knows no days of the month/, /'cron\(0 3 \? \* SUN#1 \*\)'/],
    [{ cron: ['0 3 * * *', '0 4 * * *'] }, '--cron is given twice', /--by/],
    [{ rate: '1 day' }, '--cron and --rate exclude each other', /one of them/],
    [{ cron: [], rate: '5 minutes', runNow: true }, /'5 minutes'/, /'30 minutes'/],
    [{ cron: [], rate: '1 day' }, /runs a rate at once/, /--run-now/],
    [{ cron: ['source=0 3 * * *'] }, /names a role, 'source'/, /--by tag:Key/],
    [{ ...roles, cron: ['0 3 * * *'] }, '--cron names no role', /'replica=0 3/],
    [{ ...roles, cron: [] }, 'no time is given', /--cron/],
    [{ ...roles, by: 'Role' }, "'Role' is not valid for --by", /tag:Key/],
    [{ ...roles, cron: ['a=0 3 * * *', 'b=59 3 * * *'] }, /'a' and 'b' .* on 2026-11-27 03:59 UTC/, /an hour or more/],
    [{ ...roles, cron: ['a=0 3 * * *', 'a=0 5 * * *'] }, "--cron is given twice for 'a'", /--by/],
    [{ ...roles, cron: ['a=0 3 * * *'], runNow: true }, '--run-now would take all roles together', /snapshot/],
    [{ ...roles, cron: [], rate: '1 day', runNow: true }, '--run-now would take all roles together', /snapshot/],
    [{ ...roles, target: [], instanceIds: [host(1)] }, '--by and --instance-ids exclude each other', /--target/],
    [{ ...roles, target: ['tag:Role=a'], cron: ['b=0 3 * * *'] }, /tag:Role=b, which --target leaves/, /tag:Role=b/],
    [
      { ...roles, target: ['tag:A=', 'tag:B=', 'tag:C=', 'tag:D=', 'tag:E='], cron: ['a=0 3 * * *'] },
      /one tag key more than Systems Manager takes \(5\)/,
      /fewer/,
    ],
    [{ offset: '2' }, '--offset counts days from a day of the week', /TUE#2/],
    [{ cron: ['0 3 * * 2'], offset: '7' }, "'7' is not valid for --offset", /days, 1 to 6/],
    [{ cron: ['0 3 * * 2'], offset: '2', runNow: true }, 'no --offset together with --run-now', /one of them/],
    [{ duration: '2', runNow: true }, 'no --duration together with --run-now', /one of them/],
    [{ duration: '25' }, "'25' is not valid for --duration", /hours, 1 to 24/],
    [{ severity: 'bad' }, "'bad' is not valid for --severity", /critical/],
    [{ outputS3: 'outputs/a' }, "'outputs/a' is not valid for --output-s3", /s3:/],
    [{ splay: '9999' }, "'9999' is not valid for --splay", /0 to 1800/],
    [{ maxConcurrency: '0' }, "'0' is not valid for --max-concurrency", /10%/],
    [{ tag: ['Name=x'] }, "the tag key 'Name' is reserved", /not yours/],
    [
      { target: [], instanceIds: Array.from({ length: 51 }, (_, n) => host(n)) },
      /51 instance ids .* takes 50/,
      /--target/,
    ],
  ])('refuses %j by name', (given, message, hint) => {
    expect(() => create(given)).toThrow(refused(message, hint));
  });

  it.each(['every night', '', 'a.b', '-x', 'x'.repeat(41)])('has no name like %j', (name) => {
    expect(() => create({}, name)).toThrow(refused(`'${name}' is not valid as the name of a schedule`, /like nightly/));
  });
});

describe('a change', () => {
  it('holds what is given, and nothing else', () => {
    expect(update({ cron: ['0 4 * * *'], offset: 'none', outputS3: 'none' })).toEqual({
      schedules: new Map([[undefined, { kind: 'cron', cadence: { every: 'day', at: { hour: 4, minute: 0 } } }]]),
      scope: undefined,
      offsetDays: 'none',
      runNow: false,
      repin: false,
      parameters: {},
      output: 'none',
    });
    expect([...update({ cron: ['a=0 4 * * *'] }).schedules.keys()]).toEqual(['a']);
    expect(update({ documentVersion: 'current' })).toMatchObject({ repin: true, parameters: {} });
  });

  it.each<[Given, string, RegExp]>([
    [{}, 'nothing is given that is to change', /--cron/],
    [{ documentVersion: '7' }, "'7' is not valid for --document-version", /current/],
    [{ cron: ['0 */5 * * *'] }, "State Manager does not take '0 */5 * * *'", /Nearest/],
    [{ level: 'magic' }, "'magic' is not valid for --level", /application/],
  ])('refuses %j by name', (given, message, hint) => {
    const literal = new RegExp(message.replace(/[*]/g, '\\$&'));
    expect(() => update(given)).toThrow(refused(literal, hint));
  });
});
