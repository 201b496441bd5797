import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Parameter {
  type: string;
  description: string;
  default: string;
  allowedValues?: string[];
  allowedPattern?: string;
  interpolationType: string;
}
const text = readFileSync(new URL('../../../../ssm-documents/snapshot.yaml', import.meta.url), 'utf8');
const document = parse(text) as {
  parameters: Record<string, Parameter>;
  mainSteps: Record<string, unknown>[];
};
const parameters = Object.entries(document.parameters);

const accepts = (name: string, value: string): boolean => {
  const parameter = document.parameters[name];
  if (parameter === undefined) throw new Error(`no parameter ${name}`);
  return parameter.allowedValues?.includes(value) ?? new RegExp(parameter.allowedPattern ?? 'missing').test(value);
};

/** What must get through no parameter: each would mean something to a shell, to Systems Manager or to the agent. */
const HOSTILE = [
  '$(touch /tmp/x)',
  '`id`',
  "it's; rm -rf /",
  'a"b',
  'a\nb',
  'a\\b',
  '{{ssm:secret}}',
  '{{ RunId }}',
  '$HOME',
  'a|b',
  'a&b',
  'a>b',
  '*',
  '--defaults-file=/etc/shadow',
  'ä',
];

describe('the Command document', () => {
  it('has one step, and its timeout where Systems Manager reads it', () => {
    expect(document.mainSteps).toHaveLength(1);
    const [step] = document.mainSteps;
    expect(Object.keys(step ?? {}).sort()).toEqual(['action', 'inputs', 'name', 'precondition']);
    expect(step?.['inputs']).toMatchObject({ timeoutSeconds: expect.any(Number) });
  });

  it('pastes no parameter into the script', () => {
    expect(JSON.stringify(document.mainSteps)).not.toContain('{{');
  });

  it.each(parameters)(
    '%s is described, has a valid default, is passed by environment and restricted',
    (name, parameter) => {
      expect(parameter).toMatchObject({
        type: 'String',
        interpolationType: 'ENV_VAR',
        description: expect.stringMatching(/./),
      });
      expect(accepts(name, parameter.default)).toBe(true);
      expect((parameter.allowedValues === undefined) !== (parameter.allowedPattern === undefined)).toBe(true);
    },
  );

  it.each(parameters)(
    '%s has a pattern that RE2 reads: no look-around, no back-reference, no large repetition',
    (_name, parameter) => {
      const pattern = parameter.allowedPattern ?? '';
      expect(pattern).not.toMatch(/\(\?|\\[1-9]|[*+?}]\+/);
      const counts = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map((match) => Number(match[2] ?? match[1]));
      expect(counts.reduce((product, count) => product * count, 1)).toBeLessThanOrEqual(1000);
      if (parameter.allowedPattern !== undefined) expect(pattern).toMatch(/^\^.*\$$/);
    },
  );

  it.each(parameters.flatMap(([name]) => HOSTILE.map((value) => [name, value] as const)))(
    '%s refuses %j',
    (name, value) => {
      expect(accepts(name, value)).toBe(false);
    },
  );

  it.each(HOSTILE.filter((value) => !value.startsWith('-')))('Tags refuses %j as a part of it', (value) => {
    expect([`Key=${value}`, `${value}=x`, `A=b,${value}=c`].filter((tags) => accepts('Tags', tags))).toEqual([]);
  });

  it.each([
    ['LockTimeout', ['1', '3', '60'], ['', '0', '61', '03', '-1', '3.5', '1e1']],
    ['LongQueryThreshold', ['', '1', '60'], ['0', '61']],
    ['FreezeTimeout', ['1', '60'], ['', '0', '600']],
    ['StopReplicaSql', ['no', 'yes'], ['', 'true', 'YES']],
    ['Splay', ['0', '30', '999', '1799', '1800'], ['', '1801', '00', '9999']],
    ['RunId', ['', '20261122T030000Z-4f2a9c', 'nightly.1'], ['-x', '.x', 'a b', 'a/b', 'x'.repeat(65)]],
    [
      'PasswordParameter',
      ['', '/mysql-ebs-snapshot/password', '/aws/reference/secretsmanager/mysql-ebs-snapshot/db1'],
      [
        'password',
        '/prod/root-password',
        '/mysql-ebs-snapshot',
        '/mysql-ebs-snapshot/',
        '/aws/reference/secretsmanager/other',
      ],
    ],
    [
      'ServerGroup',
      ['', '_b', 'replica01', '.replica-01', '@replica01', 'x'.repeat(64)],
      ['-b', '/etc/my.cnf', '_b/../c', 'a b', '_b=', 'x'.repeat(65)],
    ],
    [
      'Tags',
      ['', 'Team=db', 'Team=db,Cost center=42', 'Mail=a@b.example', 'Empty=', 'Query=a=b'],
      ['Team', 'Team=db,', ',Team=db', 'Team=db, Env=x', '=x', ' Team=db'],
    ],
    ['Operation', ['snapshot', 'plan', 'thaw'], ['', 'restore', 'Snapshot']],
  ])('%s takes %j and refuses %j', (name, good, bad) => {
    expect(good.filter((value) => !accepts(name, value))).toEqual([]);
    expect(bad.filter((value) => accepts(name, value))).toEqual([]);
  });
});
