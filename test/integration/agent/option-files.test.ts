import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readLoginFile } from '../../../src/agent/adapters/login-file.ts';
import { readOptionFiles, usualFiles } from '../../../src/agent/adapters/option-files.ts';
import { readForEach } from '../../../src/agent/options/flavours.ts';
import { optionGroups } from '../../../src/agent/options/said-option.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import { obtainServer } from '../../../src/lab/servers/obtain-server.ts';
import { writeLoginFile } from '../../support/login-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'option-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [main, included] = [join(folder, 'main.cnf'), join(folder, 'included.cnf')];

/** The programs that show what the servers' own programs read. */
const programs: Record<'MariaDB' | 'MySQL', readonly string[]> = { MariaDB: [], MySQL: [] };
beforeAll(async () => {
  const shell = plainShell();
  const servers = [
    obtainServer(shell, 'mariadb-10.11', 'test', () => {}),
    obtainServer(shell, 'mysql-9.7', 'test', () => {}),
  ];
  const [mariadb, mysql] = await Promise.all(servers);
  programs.MariaDB = mariadb?.programs.tool('my_print_defaults') ?? [];
  programs.MySQL = mysql?.programs.tool('my_print_defaults') ?? [];
});
type Flavour = keyof typeof programs;

/** As `--name=value`, with `-` in the name; a bare name has an empty value. */
const written = (name: string, value: string) => `--${name.replaceAll('_', '-')}=${value}`;

/** What a flavour's own program reads, in order; `undefined` where it gives up. */
function asProgramsRead(
  flavour: Flavour,
  groups: readonly string[],
  options: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
) {
  const [program = '', ...loader] = programs[flavour];
  const show = flavour === 'MySQL' ? ['-s'] : [];
  const argv = [...loader, `--defaults-file=${main}`, ...options, ...show, ...groups];
  const { stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8', env: { ...process.env, ...environment } });
  if (/Fatal error/.test(stdout + stderr)) return undefined;
  const lines = stdout.split('\n').filter((line) => line.startsWith('--'));
  return lines.map((line) => {
    const equals = line.indexOf('=');
    return equals < 0 ? written(line.slice(2), '') : written(line.slice(2, equals), line.slice(equals + 1));
  });
}

function asWeRead(groups: readonly string[]) {
  try {
    return readOptionFiles(groups, main, { home: undefined }).options.map(({ name, value }) => written(name, value));
  } catch (error) {
    expect(error).toMatchObject({ code: 'usage' });
    return undefined;
  }
}

/** The last of each name. */
const valuesOf = (groups: readonly string[], file: string) =>
  new Map(readOptionFiles(groups, file, { home: undefined }).options.map(({ name, value }) => [name, value]));

const flavours: readonly Flavour[] = ['MariaDB', 'MySQL'];

describe.each(flavours)('as the programs of %s read them:', (flavour) => {
  it.each<[what: string, text: string]>([
    ['groups in any case', '[CLIENT]\na=1\n[Client ]\nb=1\n[client\t\r]\nc=1\n'],
    ['groups with white space in front', '[ client]\na=1\n[ client ]\nb=1\n[client]\nc=1'],
    ['what stands behind a group', '[client]x\na=1\n[client] [mysqld]\nb=1\n[client]]\nc=1\n[[client]\nd=1\n[]\ne=1\n'],
    ['the order of the file, not of the groups', '[mysql]\nx=1\n[client]\nx=2\n[mysql]\nx=3\n[client]\nx=4'],
    ['empty values', '[client]\nsocket=\nport\nhost =   \n= x\n'],
    ['names', '[client]\nskip_ssl\nloose-a_b=1\nLoose_c=1\n"q"=1\na b = 2\nMaximum-x=1\n'],
    ['comments', '[client]\na=1#2\nb="1#2"\nc=\'#\'# c\nd=a\\#b\ne=a"b#c"d\nf=a ; b\n;g=1\n #h=1\n; i=1\nj#=1\n'],
    ['quotes', '[client]\na="x\nb=x"\nc="\nd=""\ne="a" "b"\nf=\'a"\ng=\'it\\\'s #\' # c\nh="a\\"#b"\n'],
    ['escapes', ['[client]', 'a=\\\\b\\s\\q\\"', 'b=\\', 'c="\\"', 'd="x\\\\"', "e=x\\y\\'z\\b.", 'f=1\\ '].join('\n')],
    ['ends of lines', '[client]\r\na=1\r\nb="x" \r\n\x0bc=1\x0c\n\td = 1 \t\ne=1\rf=2'],
    ['white space of latin1', '[client]\na=\u00a0y\nb="à"\nc=à.'],
    ['a byte order mark', '\ufeff[client]\na=1'],
    ['an option before the first group', 'a=1\n[client]\nb=1'],
    ['a group that does not end', '[client]\na=1\n[mysql\nb=1'],
    ['files that are missing', '[client]\na=1\n!include /nonexistent/x.cnf\nb=1'],
    ['folders that are missing', '[client]\na=1\n!includedir /nonexistent/x\nb=1'],
    ['a file as a folder', `[client]\n!includedir ${included}\n`],
    ['includes without a path', '[client]\n!include\n'],
    ['includes in quotes', `[client]\n!include "${included}"\na=1`],
    ['an included file, and the group that goes on behind it', `[client]\na=1\n!include ${included}\nb=1\n`],
    ['white space around a directive', `[client]\n  !\tinclude\t ${included} \t\nb=1\n`],
    ['a folder', `[client]\na=1\n!includedir ${join(folder, 'conf.d')}\nb=1`],
    ['a folder with a slash', `[client]\na=1\n!includedir ${join(folder, 'conf.d')}/\nb=1`],
    ['a file that is world-writable', `[client]\na=1\n!include ${join(folder, 'open.cnf')}\nb=1`],
    ['lines of 4,094 bytes', `[client]\na=${'x'.repeat(4092)}\nb=1\n#${'c'.repeat(4093)}\nc=1`],
  ])('%s', (_what, text) => {
    writeFileSync(main, text);
    writeFileSync(included, '[client]\ni=1\n[mysql]\nj=1\n');
    const groups = ['client', 'mysql'];
    expect(asWeRead(groups)).toEqual(asProgramsRead(flavour, groups));
  });

  beforeAll(() => {
    const conf = join(folder, 'conf.d');
    const names = ['a.cnf', 'B.cnf', '.cnf', '.h.cnf', 'a.b.cnf', 'a.cnf.bak', 'b.CNF', 'c.ini', 'é.cnf', 'a b.cnf'];
    mkdirSync(conf, { recursive: true });
    const more = ['10.cnf', '9.cnf', 'a-b.cnf', 'aa.cnf', 'Z.cnf', '\u{1f600}.cnf', '\uff5e.cnf'];
    for (const name of [...names, ...more]) writeFileSync(join(conf, name), `[client]\nfrom=${name}\n`);
    writeFileSync(join(folder, 'open.cnf'), '[client]\nuser=x\n');
    chmodSync(join(folder, 'open.cnf'), 0o666);
  });

  it.each(['', '/srv/my', '/etc', '/etc/mysql/', '/etc/mysql'])('the usual files, with MYSQL_HOME=%j', (mysqlHome) => {
    const [program = '', ...loader] = programs[flavour];
    const environment = { ...process.env, MYSQL_HOME: mysqlHome, MARIADB_HOME: undefined };
    const { stdout } = spawnSync(program, [...loader, '--help'], { encoding: 'utf8', env: environment });
    const theirs = /in the given order:\n(.*)\n/.exec(stdout)?.[1]?.trim().split(' ');
    // These are compiled into the programs of MySQL's own archives and RPMs, behind /etc and before MYSQL_HOME.
    const elsewhere = ['/usr/local/mysql/etc/my.cnf', '/usr/etc/my.cnf'];
    const ours = usualFiles({ home: '~', mysqlHome });
    expect(ours.filter((file) => !elsewhere.includes(file))).toEqual(theirs);
    expect(ours.filter((file) => elsewhere.includes(file))).toEqual(elsewhere);
    expect(ours.indexOf('/usr/local/mysql/etc/my.cnf')).toBe(
      ['/etc', '/etc/mysql/', '/etc/mysql'].includes(mysqlHome) ? 1 : 2,
    );
  });

  it('groups with a suffix', () => {
    writeFileSync(main, '[client]\na=1\n[client_two]\na=2\n[client]\na=3\n[Client_TWO]\nb=4\n[mysql_two]\nc=1\n');
    const ours = optionGroups('_two').filter((group) => group === 'client' || group === 'client_two');
    expect(asWeRead(ours)).toEqual(asProgramsRead(flavour, ['client'], ['--defaults-group-suffix=_two']));
  });

  it.each([
    { MARIADB_GROUP_SUFFIX: '_x', MYSQL_GROUP_SUFFIX: '_y' },
    { MARIADB_GROUP_SUFFIX: '_x' },
    { MARIADB_GROUP_SUFFIX: '', MYSQL_GROUP_SUFFIX: '_y' },
  ])('the suffix of the environment: %j', (environment) => {
    writeFileSync(main, '[client]\na=1\n[client_x]\na=2\n[client_y]\na=3\n');
    const read = (groups: readonly string[]) => readOptionFiles(groups, main, { home: undefined }).options;
    const ours = readForEach('', environment, read, () => [])[flavour === 'MariaDB' ? 'mariadb' : 'mysql'].options;
    const theirs = asProgramsRead(flavour, ['client'], [], environment);
    expect(ours.map(({ name, value }) => written(name, value))).toEqual(theirs);
  });

  it('any lines', () => {
    // Line breaks would not show in what my_print_defaults prints, and what else is white space is a matter of bytes there.
    const value = fc.string({ unit: fc.constantFrom(...'ab1#\'"\\ \t=;[]!tsq€'), maxLength: 12 });
    const line = fc.oneof(
      fc.tuple(fc.constantFrom('user', 'port', 'x'), fc.constantFrom('=', ' = '), value).map((parts) => parts.join('')),
      fc.constantFrom(
        '[client]',
        '[mysqld]',
        '[client] more',
        ' [client]',
        '[ client]',
        '[CLIENT ]',
        '# c',
        'bare',
        'bare # c',
        '',
        `!include ${included}`,
      ),
    );
    const file = fc.array(line, { maxLength: 12 }).map((lines) => ['[client]', ...lines, '']);
    fc.assert(
      fc.property(file, file, (lines, others) => {
        writeFileSync(main, lines.join('\n'));
        writeFileSync(included, others.filter((each) => !each.startsWith('!')).join('\n'));
        expect(asWeRead(['client'])).toEqual(asProgramsRead(flavour, ['client']));
      }),
      { numRuns: 100 },
    );
  });
});

it.each<[what: string, text: string]>([
  ['a NUL, which ends the line or joins the next to it', '[client]\na=1\0x\nb=2\n'],
  ['a longer line, which goes on as a new one or does not', `[client]\na=${'x'.repeat(4095)}socket=/x\n`],
  ['a comment behind a path, which is cut off or is not', `[client]\n!include ${included} # why\n`],
])('refused, because the programs of the flavours read it differently: %s', (_what, text) => {
  writeFileSync(main, text);
  writeFileSync(included, '[client]\ni=1\n');
  expect(asWeRead(['client'])).toBeUndefined();
  const [mariadb, mysql] = flavours.map((flavour) => asProgramsRead(flavour, ['client']));
  expect(mariadb).not.toEqual(mysql);
});

it.each<[what: string, text: string, other?: string]>([
  ['a directive that they do not know', '[client]\na=1\n!includes /x\n'],
  ['a file that includes itself', `[client]\n!include ${main}\n`],
  ['a mistake in an included file', `[client]\n!include ${included}\na=1\n`, 'b=1\n'],
])('refused, although the programs skip it: %s', (_what, text, other = '') => {
  writeFileSync(main, text);
  writeFileSync(included, other);
  expect(asWeRead(['client'])).toBeUndefined();
  for (const flavour of flavours) expect(asProgramsRead(flavour, ['client'])).toBeDefined();
});

test('a folder or a file that cannot be included is refused by name', () => {
  mkdirSync(join(folder, 'folder.cnf'), { recursive: true });
  for (const directive of [`!include ${join(folder, 'folder.cnf')}`, `!includedir ${included}`]) {
    writeFileSync(included, '');
    writeFileSync(main, directive);
    expect(() => valuesOf(['client'], main)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(directive.split(' ')[1] ?? '') }),
    );
  }
});

test('a file that anybody may write is not believed, included or not', () => {
  const including = `[client]\nport=1\n!include ${included}`;
  writeFileSync(main, including);
  writeFileSync(included, '[client]\nsocket=/x');
  // It would decide which server is met, or is the only one: another server would be met without it.
  for (const [file, mode] of [
    [included, 0o646],
    [main, 0o602],
  ] as const) {
    chmodSync(file, mode);
    expect(() => valuesOf(['client'], main)).toThrow(
      expect.objectContaining({ code: 'usage', message: `${file} is world-writable; refusing to read it` }),
    );
    chmodSync(file, 0o644);
  }
  expect(valuesOf(['client'], main)).toEqual(
    new Map([
      ['port', '1'],
      ['socket', '/x'],
    ]),
  );
  for (const text of ['[client]\nuser=x', '[another]\nsocket=/x']) {
    writeFileSync(included, text);
    chmodSync(included, 0o666);
    const { options, warnings } = readOptionFiles(['client'], main, { home: undefined });
    expect(options).toMatchObject([{ name: 'port', value: '1', where: `${main}, line 2` }]);
    expect(warnings).toEqual([`${included} is world-writable: skipped`]);
  }
  expect(valuesOf(['client'], '/dev/null')).toEqual(new Map());
  chmodSync(included, 0o644);
});

describe('the login file', () => {
  const login = join(folder, 'login.cnf');
  const environment = { MYSQL_TEST_LOGIN_FILE: login };
  beforeAll(() => writeFileSync(main, '[client]\nsocket=/of-the-option-file\n'));

  const writeLogin = (text: string, mode = 0o600) => writeLoginFile(login, text, mode);
  const ours = (groups: readonly string[]) =>
    readLoginFile(groups, environment).options.map(({ name, value }) => written(name, value));

  it.each([0o600, 0o400, 0o640, 0o604, 0o700])('is read by the programs of MySQL as by us, with mode %o', (mode) => {
    const text = '[client]\nuser = "root"\npassword = "p#\\"x"\nsocket = "/L"\n[other]\nuser=o\n[client_y]\nport=4\n';
    writeLogin(text, mode);
    const mysql = asProgramsRead('MySQL', ['client'], ['--defaults-group-suffix=_y'], environment);
    expect(['--socket=/of-the-option-file', ...ours(['client', 'client_y'])]).toEqual(mysql);
    expect(readLoginFile(['client'], environment).warnings).toHaveLength((mode & 0o177) === 0 ? 0 : 1);
    expect(asProgramsRead('MariaDB', ['client'], [], environment)).toEqual(['--socket=/of-the-option-file']);
  });

  it('is refused by name where it is cut short or damaged, without what it says', () => {
    const whole = writeLogin('[client]\npassword=Secret\nsocket=/L\n');
    const damaged = Buffer.from(whole);
    damaged.fill(0, 4, 24);
    for (const bytes of [whole.subarray(0, -3), whole.subarray(0, 20), damaged]) {
      writeFileSync(login, bytes);
      const refused = expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(`login file ${login}:`),
      });
      expect(() => ours(['client'])).toThrow(refused);
      expect(() => ours(['client'])).not.toThrow('Secret');
    }
    writeLogin('Secret\n');
    expect(() => ours(['client'])).toThrow(`login file ${login}: line 1 is an option before the first [group]`);
  });

  it('is the one in HOME where the variable names none', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    writeLogin('[client]\nsocket=/L\n');
    copyFileSync(login, join(home, '.mylogin.cnf'));
    const at = (variables: Record<string, string>) => readLoginFile(['client'], variables).options.length;
    expect([at({ HOME: home }), at({ HOME: home, MYSQL_TEST_LOGIN_FILE: '' }), at({}), at({ HOME: folder })]).toEqual([
      1, 0, 0, 0,
    ]);
  });
});
