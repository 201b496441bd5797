import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetLab, type RunOptions, startFleetLab } from './fleet-lab.ts';

const ID = 'i-00000000000000001';

/** [what, arguments, options, exit status, what the one line says, what the hint says] */
const CASES: [string, string[], RunOptions, number, RegExp, RegExp][] = [
  ['no command', [], {}, 2, /no command is given/, /--help/],
  ['unknown command', ['snapshto'], {}, 2, /unknown command 'snapshto' \(Did you mean snapshot\?\)/, /--help/],
  ['unknown option', ['snapshot', '--instance-id', ID], {}, 2, /unknown option '--instance-id'/, /--help/],
  ['option without value', ['snapshot', '--instance-ids'], {}, 2, /argument missing/, /--help/],
  ['stray argument', ['snapshot', ID], {}, 2, /too many arguments/, /--help/],
  ['malformed instance id', ['snapshot', '--instance-ids', `${ID},i-12`], {}, 2, /'i-12'/, /i-0123456789abcdef0/],
  ['malformed target', ['plan', '--target', 'Role=db'], {}, 2, /'Role=db'/, /tag:Key=Value/],
  [
    'bad parameter',
    ['plan', '--instance-ids', ID, '--lock-timeout', '$(id)'],
    {},
    2,
    /'\$\(id\)' .*--lock-timeout/,
    /1 to 60/,
  ],
  ['nobody named', ['snapshot'], {}, 28, /no host was named/, /--instance-ids/],
  [
    'unknown instance',
    ['snapshot', '--instance-ids', 'i-00000000000000009'],
    {},
    28,
    /i-00000000000000009/,
    /nothing was sent/,
  ],
  ['tag of nobody', ['snapshot', '--target', 'tag:Role=none'], {}, 28, /tag:Role=none/, /--target/],
  [
    'a run id of a new and of an old run',
    ['snapshot', '--instance-ids', ID, '--run-id', 'a', '--resume', 'b'],
    {},
    2,
    /exclude each other/,
    /new run/,
  ],
  [
    'a run that nobody began',
    ['snapshot', '--instance-ids', ID, '--resume', 'never'],
    {},
    2,
    /nothing is known of a run never/,
    /without --resume/,
  ],
  [
    'preferred in no cluster',
    ['snapshot', '--instance-ids', ID, '--prefer', 'tag:Duty=replica'],
    {},
    2,
    /--prefer is given without --wave-by/,
    /tag:Cluster/,
  ],
  [
    'cluster by a tag of nobody',
    ['snapshot', '--instance-ids', ID, '--wave-by', 'tag:Clustre'],
    {},
    28,
    /carries the tag Clustre/,
    /nothing was sent/,
  ],
  [
    'cluster by no tag',
    ['snapshot', '--instance-ids', ID, '--wave-by', 'Cluster'],
    {},
    2,
    /'Cluster' .*--wave-by/,
    /tag:Cluster/,
  ],
  ['until never', ['snapshot', '--instance-ids', ID, '--until', 'done'], {}, 2, /'done' .*--until/, /--help/],
  ['resumed plan', ['plan', '--instance-ids', ID, '--resume', 'a'], {}, 2, /unknown option '--resume'/, /--help/],
  [
    'no such document',
    ['snapshot', '--instance-ids', ID, '--document-name', 'mysql-ebs-snapshot-x'],
    {},
    27,
    /no document 'mysql-ebs-snapshot-x'/,
    /documents install/,
  ],
  [
    'no permission',
    ['snapshot', '--instance-ids', ID],
    { as: 'installer' },
    14,
    /AWS denies ec2:DescribeInstances/,
    /ec2:DescribeInstances/,
  ],
  [
    'no permission to install',
    ['documents', 'install', '--name', 'mysql-ebs-snapshot-2'],
    { as: 'operator' },
    14,
    /AWS denies ssm:CreateDocument/,
    /ssm:CreateDocument/,
  ],
  [
    'wrong key',
    ['plan', '--instance-ids', ID],
    { environment: { AWS_ACCESS_KEY_ID: 'AKIAWRONG' } },
    13,
    /ssm:DescribeDocument/,
    /AWS_PROFILE/,
  ],
  [
    'no credentials',
    ['plan', '--instance-ids', ID],
    { environment: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined } },
    13,
    /[Cc]redentials/,
    /AWS_PROFILE/,
  ],
  ['no such profile', ['plan', '--instance-ids', ID, '--profile', 'nobody'], {}, 13, /nobody/, /--profile/],
  [
    'no Region',
    ['plan', '--instance-ids', ID],
    { environment: { AWS_REGION: undefined } },
    2,
    /no AWS Region/,
    /--region/,
  ],
  [
    'nobody listens',
    ['plan', '--instance-ids', ID],
    { environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } },
    15,
    /127\.0\.0\.1:9/,
    /AWS_ENDPOINT_URL/,
  ],
];

describe.runIf(process.getuid?.() === 0)('bad input', () => {
  let lab: FleetLab;
  beforeAll(async () => {
    lab = await startFleetLab();
    await lab.addHost(1, 'good');
    await lab.run(['documents', 'install'], { as: 'installer' });
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it.each(CASES)(
    '%s: one line, a hint, the status, and nothing is sent',
    async (_what, argv, options, status, said, hint) => {
      const ran = await lab.run(argv, options);
      const [line, hintLine, ...rest] = ran.stderr
        .replace(/^(plan|snapshot) .*: document .*\n(\d+ hosts? targeted.*\n)?/, '')
        .split('\n');
      expect(line).toMatch(new RegExp(`^mysql-ebs-snapshot: .*${said.source}`));
      expect(hintLine).toMatch(new RegExp(`^hint: .*${hint.source}`));
      expect([ran.status, ran.stdout, rest]).toEqual([status, '', ['']]);

      const json = await lab.run([...argv, '--json'], options);
      expect(json.status).toBe(status);
      expect(json.json).toMatchObject({ v: 1, outcome: 'refused', hosts: [], message: expect.stringMatching(said) });
      const before = json.stdout.trimEnd().split('\n').slice(0, -1);
      expect(before.filter((text) => !('event' in JSON.parse(text)))).toEqual([]);
      expect(lab.aws.calls.filter(({ action }) => action === 'SendCommand')).toEqual([]);
    },
  );

  it.each([
    [['--help'], 'documents install'],
    [['snapshot', '--help'], '--target tag:Role=database'],
    [['plan', '--help'], 'plan --instance-ids'],
    [['documents', 'install', '--help'], '--dry-run'],
    [['documents', 'status', '--help'], 'documents status --json'],
  ])('%j shows examples', async (argv, example) => {
    const { status, stdout, stderr } = await lab.run(argv);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.slice(stdout.indexOf('Examples:'))).toContain(example);
  });
});
