import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const BUILT = new URL('../../dist/agent.cjs', import.meta.url).pathname;

/** Asked for inside a try block by their users, which do without them. */
const OPTIONAL = ['@aws-sdk/signature-v4-crt', 'cardinal'];

/** The agent as a host has it: this one file in a folder with nothing beside it, and an environment with nothing in it. */
let folder: string;
let agent: string;

beforeAll(() => {
  if (!existsSync(BUILT)) throw new Error('dist/agent.cjs is not there: run scripts/build first');
  folder = mkdtempSync(join(tmpdir(), 'agent-alone-'));
  agent = join(folder, 'agent.cjs');
  copyFileSync(BUILT, agent);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const env = { PATH: process.env['PATH'] };
  const { status, stdout, stderr } = spawnSync(process.execPath, [agent, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the built agent', () => {
  it('is at most 1.6 MB', () => {
    expect(statSync(BUILT).size).toBeLessThanOrEqual(1_600_000);
  });

  it('is a program', () => {
    expect(statSync(BUILT).mode & 0o111).toBe(0o111);
    expect(execFileSync(BUILT, ['--version'], { encoding: 'utf8' })).toContain(manifest.version);
  });

  it('says its version and commit', () => {
    const { status, stdout, stderr } = run('--version');
    expect(stdout).toMatch(/^mysql-ebs-snapshot-agent \d+\.\d+\.\d+ \(([0-9a-f]{12}|unknown)\)\n$/);
    expect(stdout).toContain(manifest.version);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('says how it is used', () => {
    expect(run('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Usage:') });
  });

  it('requires nothing but Node, and what others do without', () => {
    const required = new Set(
      [...readFileSync(BUILT, 'utf8').matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name),
    );
    expect(required).toContain('node:fs');
    expect([...required].filter((name) => name !== undefined && !isBuiltin(name)).sort()).toEqual(OPTIONAL);
  });

  it('requires nothing by a name that is known only when it runs', () => {
    expect(readFileSync(BUILT, 'utf8').match(/[^.\w$]require\([^"'][^)]*\)/g)).toBeNull();
  });

  it('leaves no path of the machine that built it', () => {
    expect(readFileSync(BUILT, 'utf8')).not.toContain(new URL('../../', import.meta.url).pathname);
  });

  it('loads the whole of itself from the one file: a wrong option is one line, a hint and exit 2', () => {
    const { status, stdout, stderr } = run('snapshot', '--bogus');
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'refused', code: 'usage' });
    expect(stderr).toMatch(/^mysql-ebs-snapshot-agent: .*--bogus.*\nhint: .*\n$/);
    expect(status).toBe(2);
  });

  it('as the keeper of appliers repeats nothing of an order that it does not understand', () => {
    const order = JSON.stringify({ connection: { password: 'S3CRET' }, record: 'S3CRET' });
    const { status, stdout, stderr } = spawnSync(process.execPath, [agent, 'keep-appliers'], {
      input: `${order}\n`,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^refused /);
    expect(stdout).not.toContain('S3CRET');
  });
});
