import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processes } from '../../../src/agent/adapters/processes.ts';
import { startFileWriter } from '../../../src/agent/window/file-writer.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE } from '../../../src/shared/manifest.ts';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

const OURS = [BINLOG_INFO_FILE, MANIFEST_FILE] as const;

let host: OneHost;
let valuable: string;
beforeAll(async () => {
  host = await oneHost({ volumes: 'one' });
  valuable = join(host.optionFile, '../of-root');
});
afterAll(() => host?.[Symbol.asyncDispose]());
beforeEach(() => writeFileSync(valuable, 'root’s own', { mode: 0o644 }));
afterEach(async () => {
  expect(readFileSync(valuable, 'utf8')).toBe('root’s own');
  expect(lstatSync(valuable).uid).toBe(0);
  await expectHostWhole(host);
});

/** As the server's own account, which owns the data directory, in it. */
const asServer = (...argv: string[]) =>
  execFileSync('setpriv', ['--reuid=mysql', '--regid=mysql', '--clear-groups', ...argv], { cwd: host.datadir });

/** The agent's own file writer, and the number of its process, which the account can see. */
async function startedWriter() {
  let pid = 0;
  const watched: typeof processes = {
    ...processes,
    start: (argv, options) => {
      const child = processes.start(argv, options);
      pid = child.pid;
      return child;
    },
  };
  const { uid, gid } = statSync(host.datadir);
  const writerLock = { descriptor: 1, [Symbol.asyncDispose]: async () => {} };
  const writer = await startFileWriter(watched, { datadir: host.datadir, datadirOwner: { uid, gid } }, writerLock);
  return { pid, writer };
}

describe.each(OURS)('in the place of %s', (name) => {
  const place = () => join(host.datadir, name);
  const clear = () => rmSync(place(), { recursive: true, force: true });
  beforeEach(clear);
  afterEach(clear);

  it.each([
    ['a link to a file of root', () => asServer('ln', '-s', valuable, name), 'volume-unresolved'],
    ['a link to nothing', () => asServer('ln', '-s', '/etc/made-by-the-agent', name), 'files-unresolved'],
  ])('%s is refused, as every link is that leads off the set', async (_what, prepare, code) => {
    prepare();
    const run = await host.agent('snapshot');
    expect(run.result).toMatchObject({ outcome: 'refused', code });
    expect(existsSync('/etc/made-by-the-agent')).toBe(false);
  });

  it('a link to a file of root that came after that look is replaced, not followed', async () => {
    await using writer = (await startedWriter()).writer;
    asServer('ln', '-s', valuable, name);
    await writer.write({ [name]: 'ours' }, 60_000);
    expect(lstatSync(place()).isFile()).toBe(true);
    expect(readFileSync(place(), 'utf8')).toBe('ours\n');
  });

  it.each([
    ['a FIFO', () => asServer('mkfifo', name)],
    ['a file that nobody may write', () => asServer('sh', '-c', `: >${name}; chmod 0 ${name}`)],
  ])('%s is replaced', async (_what, prepare) => {
    prepare();
    const run = await host.agent('snapshot');
    expect(run).toMatchObject({ status: 0, result: { outcome: 'done', grade: 'application' } });
    expect(lstatSync(place()).isFile()).toBe(true);
    expect(statSync(place()).uid).toBe(statSync(host.datadir).uid);
  });

  it('a folder is a clear failure, and nothing is taken', async () => {
    asServer('mkdir', name);
    const run = await host.agent('snapshot');
    expect(run).toMatchObject({ status: 32, result: { code: 'write-failed', message: expect.stringContaining(name) } });
    expect(run.result).not.toHaveProperty('grade');
  });
});

describe('in the place of a temporary file, whose name can be foreseen', () => {
  const leftovers = () => readdirSync(host.datadir).filter((name) => name.endsWith('.tmp'));
  afterEach(() => {
    for (const name of leftovers()) rmSync(join(host.datadir, name), { recursive: true });
  });

  it.each([
    ['a link to a file of root', (name: string) => asServer('ln', '-s', valuable, name)],
    ['a link to a file of its own', (name: string) => asServer('ln', '-s', 'ibdata1', name)],
    ['a FIFO that nobody reads', (name: string) => asServer('mkfifo', name)],
    ['a link to such a FIFO', (name: string) => asServer('sh', '-c', `mkfifo x.tmp && ln -s x.tmp ${name}`)],
    ['a folder', (name: string) => asServer('mkdir', name)],
  ])('%s is a clear failure at once', async (_what, prepare) => {
    const before = statSync(join(host.datadir, 'ibdata1')).mtimeMs;
    const { pid, writer } = await startedWriter();
    {
      await using _open = writer;
      prepare(`.${MANIFEST_FILE}.${pid}.mysql-ebs-snapshot.tmp`);
      await expect(writer.write({ [MANIFEST_FILE]: '{}' }, 60_000)).rejects.toMatchObject({
        code: 'write-failed',
        message: expect.stringContaining('File exists'),
      });
    }
    expect(statSync(join(host.datadir, 'ibdata1')).mtimeMs).toBe(before);
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 20_000 }).toBe(false);
  });
});

it('what a writer that was killed has left is removed by the next', async () => {
  const left = `.${MANIFEST_FILE}.4711.mysql-ebs-snapshot.tmp`;
  asServer('touch', left);
  await using next = (await startedWriter()).writer;
  await next.open([MANIFEST_FILE]);
  expect(readdirSync(host.datadir)).not.toContain(left);
  await next.open([MANIFEST_FILE]);
  await next.write({ [MANIFEST_FILE]: '{}' }, 60_000);
  expect(readFileSync(join(host.datadir, MANIFEST_FILE), 'utf8')).toBe('{}\n');
});

it('two lines in the content of a file are no orders', async () => {
  await using writer = (await startedWriter()).writer;
  const attempt = writer.write({ [BINLOG_INFO_FILE]: `MASTER_LOG_FILE='x\nfile forged y\ncommit\n` }, 20_000);
  await expect(attempt).rejects.toMatchObject({ code: 'write-failed' });
  expect(readdirSync(host.datadir)).not.toContain('forged');
});

describe('names in the data directory', () => {
  const odd = ['two\nlines', '\u001b[2J\u009b31m', `it's "$(touch x)" \`id\``, '-rf', ' ', '\\x41', '東京'];

  it.each(odd)('a schema and a table called %j are no hindrance', async (name) => {
    const schema = join(host.datadir, name);
    mkdirSync(schema);
    writeFileSync(join(schema, `${name}.ibd`), '');
    execFileSync('chown', ['-R', 'mysql:mysql', '--', schema]);
    const run = await host.agent('snapshot').finally(() => rmSync(schema, { recursive: true }));
    expect(run).toMatchObject({ status: 0, result: { grade: 'application' } });
    expect(run.stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });

  it.each(odd)('a link called %j that leads off the set is refused, told in one line', async (name) => {
    const link = join(host.datadir, name);
    symlinkSync('/etc', link);
    const run = await host.agent('plan').finally(() => rmSync(link));
    expect(run).toMatchObject({ status: 19, result: { code: 'files-unresolved' } });
    expect(run.stdout.trimEnd()).not.toMatch(/\p{Cc}|\p{Cf}/u);
    expect(run.stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });

  const NOT_UTF8 = Buffer.from([0x6f, 0x64, 0x64, 0xff, 0xfe]);
  const below = (name: Buffer) => Buffer.concat([Buffer.from(`${host.datadir}/`), name]);

  it('a link whose name is not UTF-8 is refused: it cannot be followed', async () => {
    symlinkSync('/etc', below(NOT_UTF8));
    const run = await host.agent('plan').finally(() => rmSync(below(NOT_UTF8)));
    expect(run).toMatchObject({ status: 19, result: { message: expect.stringContaining('not UTF-8') } });
  });

  it('a folder whose name is not UTF-8 is refused: a link in it would not be seen', async () => {
    mkdirSync(below(NOT_UTF8));
    symlinkSync('/etc', below(Buffer.concat([NOT_UTF8, Buffer.from('/t.ibd')])));
    const run = await host
      .agent('plan')
      .finally(() => execFileSync('sh', ['-c', 'rm -r "$1"/odd*', 'sh', host.datadir]));
    expect(run).toMatchObject({ status: 19, result: { message: expect.stringContaining('not UTF-8') } });
  });
});
