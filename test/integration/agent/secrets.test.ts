import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectToServer } from '../../../src/agent/adapters/server-session.ts';
import { STATE_FOLDER } from '../../../src/agent/state-paths.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE } from '../../../src/shared/manifest.ts';
import { writeLoginFile } from '../../support/login-file.ts';
import { type MetadataEavesdropper, metadataEavesdropper } from '../../support/metadata-eavesdropper.ts';
import { type AgentRun, expectHostWhole, type OneHost, oneHost, type StartedAgent } from '../../support/one-host.ts';

const STORED_PASSWORD = 'from-the-Parameter-Store';
const PARAMETER = '/mysql-ebs-snapshot/password';

let host: OneHost;
let metadata: MetadataEavesdropper;
let folder: string;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
  metadata = await metadataEavesdropper(host.imdsEndpoint);
  folder = join(host.optionFile, '..');
  host.aws.putParameter(PARAMETER, STORED_PASSWORD);
});
afterAll(async () => {
  await metadata?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  host.aws.behave({ latencyMs: {}, faults: [] });
  await expectHostWhole(host);
});

const secrets = () => [host.password, STORED_PASSWORD, ...metadata.secrets];

/** The names of the places that hold a secret. */
const tellTales = (places: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(places).filter((name) => secrets().some((secret) => places[name]?.includes(secret)));

const start = (...argv: string[]) =>
  host.startAfter(
    `AWS_EC2_METADATA_SERVICE_ENDPOINT=${metadata.endpoint}; export AWS_EC2_METADATA_SERVICE_ENDPOINT`,
    ...argv,
  );

/** Arguments and environment of a process and of all its descendants, as far as they still live. */
function processesBelow(pid: number): readonly string[] {
  try {
    const of = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    const children = of(`task/${pid}/children`).split(' ').filter(Boolean).map(Number);
    return [`${of('cmdline')}\n${of('environ')}`, ...children.flatMap(processesBelow)];
  } catch {
    return [];
  }
}

/** A run to its end, looked at all the while. */
async function watched(run: StartedAgent): Promise<AgentRun & { readonly processes: string }> {
  const seen = new Set<string>();
  const watch = setInterval(() => {
    for (const each of processesBelow(run.pid)) seen.add(each);
  }, 2);
  const ended = await run.ended;
  clearInterval(watch);
  return { ...ended, processes: [...seen].join('\n') };
}

const stateFiles = () =>
  readdirSync(STATE_FOLDER, { recursive: true, withFileTypes: true })
    .map((entry) => `${entry.name} ${entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'utf8') : ''}`)
    .join('\n');

it('the test itself would find them', async () => {
  await start('plan').ended;
  expect(metadata.secrets.size).toBeGreaterThanOrEqual(3);
  expect(tellTales({ optionFile: readFileSync(host.optionFile, 'utf8') })).toEqual(['optionFile']);
});

describe('no secret is told by', () => {
  it.each(['an option file', 'Parameter Store'])('a run with its password from %s', async (from) => {
    const password = from === 'Parameter Store' ? STORED_PASSWORD : host.password;
    await host.root.query(`ALTER USER ebs_snapshot@localhost IDENTIFIED BY '${password}'`);
    host.aws.behave({ latencyMs: { CreateSnapshots: 1_000 } });
    const log = join(folder, 'secrets.log');
    const stored = password === STORED_PASSWORD ? ['--password-parameter', PARAMETER] : [];
    const running = start('snapshot', '--log-file', log, ...stored);
    const watching = watched(running);
    await running.said('asking for the read lock');
    const state = stateFiles();
    const run = await watching;
    await host.root.query(`ALTER USER ebs_snapshot@localhost IDENTIFIED BY '${host.password}'`);

    expect(run.result).toMatchObject({ outcome: 'done', grade: 'application' });
    for (const child of ['guard', 'file-writer']) expect(run.processes).toContain(`\0${child}\0`);
    const places = {
      stdout: run.stdout,
      stderr: run.stderr,
      log: readFileSync(log, 'utf8'),
      processes: run.processes,
      state: state + stateFiles(),
      snapshots: JSON.stringify(await host.snapshotsOf(run.result?.set)),
      manifest: readFileSync(join(host.datadir, MANIFEST_FILE), 'utf8'),
      binlogInfo: readFileSync(join(host.datadir, BINLOG_INFO_FILE), 'utf8'),
    };
    expect(tellTales(places)).toEqual([]);
  });

  it('a plan or a capture', async () => {
    const capture = join(folder, 'secrets.json');
    const runs = [await watched(start('plan')), await watched(start('capture', capture))];
    expect(runs.map(({ status }) => status)).toEqual([0, 0]);
    for (const run of runs) expect(tellTales({ ...run, result: '', status: '' })).toEqual([]);
    expect(tellTales({ capture: readFileSync(capture, 'utf8') })).toEqual([]);
    rmSync(capture);
  });

  it('a password that is wrong, wherever it comes from', async () => {
    await host.root.query("ALTER USER ebs_snapshot@localhost IDENTIFIED BY 'another'");
    const runs = [await start('snapshot').ended, await start('snapshot', '--password-parameter', PARAMETER).ended];
    await host.root.query(`ALTER USER ebs_snapshot@localhost IDENTIFIED BY '${host.password}'`);
    for (const { status, stdout, stderr } of runs) {
      expect(status).toBe(17);
      expect(tellTales({ stdout, stderr })).toEqual([]);
    }
  });

  it.each(['--password=', '-p', '--passwrod '])('a password given as %s on the command line', async (option) => {
    const { status, stdout, stderr } = await start('snapshot', ...`${option}${host.password}`.split(' ')).ended;
    expect(status).toBe(2);
    expect(tellTales({ stdout, stderr })).toEqual([]);
  });

  it.each([`[client]\n[password=PASSWORD\n`, `password=PASSWORD\n`, `[client]\n!include /nowhere/PASSWORD\n[x\n`])(
    'an option file that is none: %j',
    async (text) => {
      const file = join(folder, 'none.cnf');
      writeFileSync(file, text.replace('PASSWORD', host.password), { mode: 0o600 });
      const { status, stdout, stderr } = await start('snapshot', '--defaults-file', file).ended;
      expect(status).toBe(2);
      expect(tellTales({ stdout, stderr })).toEqual([]);
    },
  );

  it.each([
    ['DescribeInstances', 'SignatureDoesNotMatch', 13],
    ['DescribeInstances', 'UnauthorizedOperation', 14],
    ['GetParameter', 'InvalidSignatureException', 13],
    ['GetCallerIdentity', 'SignatureDoesNotMatch', 13],
    ['CreateSnapshots', 'SignatureDoesNotMatch', 34],
  ])('AWS, which repeats the request to %s that it refuses as %s', async (action, code, status) => {
    const message = `The signature does not match.\n\nThe Canonical String should have been\n'POST\n${[...metadata.secrets].join('\n')}'`;
    host.aws.behave({ faults: [{ kind: 'refuse', action, code, message, status: 403 }] });
    const run = await start('snapshot', ...(action === 'GetParameter' ? ['--password-parameter', PARAMETER] : []))
      .ended;
    expect(run).toMatchObject({ status, result: { message: expect.stringContaining('does not match') } });
    expect(tellTales({ stdout: run.stdout, stderr: run.stderr })).toEqual([]);
  });
});

describe('an account of MariaDB', () => {
  const toServer = (user: string, password: string) =>
    connectToServer({ socket: host.server.socket, host: 'localhost', port: 0, user, password, tls: undefined });

  it('with the plugin ed25519 is let in by its password, of any length, and by no other', async () => {
    await host.root.query("INSTALL SONAME 'auth_ed25519'");
    const passwords = ['p', 'pässwört, '.repeat(20)];
    for (const [at, password] of passwords.entries()) {
      const user = `signs${at}`;
      await host.root.query(`CREATE USER ${user}@localhost IDENTIFIED VIA ed25519 USING PASSWORD('${password}')`);
      await using session = await toServer(user, password);
      expect(await session.run('SELECT CURRENT_USER() AS me')).toEqual([{ me: `${user}@localhost` }]);
      await expect(toServer(user, `${password}x`)).rejects.toMatchObject({ code: 'server-denied' });
      await host.root.query(`DROP USER ${user}@localhost`);
    }
    await host.root.query("UNINSTALL SONAME 'auth_ed25519'");
  });

  it('with a plugin that the agent does not speak is denied, naming it and the way out', async () => {
    await host.root.query("INSTALL SONAME 'auth_pam'");
    await host.root.query('CREATE USER asked@localhost IDENTIFIED VIA pam');
    await expect(toServer('asked', 'Secret')).rejects.toMatchObject({
      code: 'server-denied',
      message: expect.stringMatching(/: the account 'asked' uses dialog, which this agent does not speak$/),
      hint: expect.stringContaining('IDENTIFIED VIA unix_socket'),
    });
    await host.root.query('DROP USER asked@localhost');
    await host.root.query("UNINSTALL SONAME 'auth_pam'");
  });

  it('is not used where only the login file of MySQL’s programs leads there', async () => {
    const [file, login] = [join(folder, 'elsewhere.cnf'), join(folder, 'login.cnf')];
    writeFileSync(file, '[client]\nsocket=/nowhere\n', { mode: 0o600 });
    const account = `user=ebs_snapshot\npassword=${host.password}`;
    writeLoginFile(login, `[client]\n${account}\nsocket=${host.server.socket}\n`);
    const preparation = `MYSQL_TEST_LOGIN_FILE=${login}; export MYSQL_TEST_LOGIN_FILE`;
    const run = await host.startAfter(preparation, 'plan', '--defaults-file', file).ended;
    expect(run).toMatchObject({ status: 2, result: { code: 'usage' } });
    const message = `the server at ${host.server.socket} is a MariaDB, but the login file decides which server is met`;
    expect(run.result?.message).toContain(message);
    expect(tellTales({ stdout: run.stdout, stderr: run.stderr })).toEqual([]);
  });
});
