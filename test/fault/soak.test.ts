import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mountsBelow } from '../../src/lab/machine/kernel-mounts.ts';
import { loopsBelow } from '../../src/lab/machine/loop-devices.ts';
import { ERRORS } from '../../src/shared/errors.ts';

const LAB = join(import.meta.dirname, '../../dist/lab.cjs');

let root: string;
beforeEach(() => {
  root = mkdtempSync('/var/lib/mysql-ebs-snapshot-lab-test-');
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true }));

/** `heard` is told every line of progress, and may interrupt. */
async function soak(args: readonly string[], heard: (line: string, interrupt: () => void) => void = () => {}) {
  const argv = [LAB, 'soak', '--root', root, ...args];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    heard(line, () => child.kill('SIGINT'));
  });
  const [status] = await once(child, 'close');
  return { status, lastLine: stdout.trim().split('\n').at(-1) ?? '', said };
}

async function expectNothingLeft(): Promise<void> {
  expect(await mountsBelow(root)).toEqual([]);
  expect(await loopsBelow(root)).toEqual([]);
  expect(readdirSync(root)).toEqual(['lab.lock']);
}

it('kills, spread over the whole run, a stop and changes of the world leave the host unhurt', async () => {
  const { status, lastLine, said } = await soak(['--kills', '8', '--json']);
  // What was complained of tells more than the counts.
  expect(JSON.parse(lastLine), said.join('\n')).toMatchObject({
    v: 1,
    kills: 8,
    leftFrozen: 0,
    leftLocked: 0,
    orphans: 0,
    lyingGrades: 0,
    stops: 1,
    changes: 2,
  });
  // Eight kills are too few to judge the times by: `scripts/soak` does.
  expect([0, ERRORS['soak-failed'].exit]).toContain(status);
  await expectNothingLeft();
});

it('cleans up after Ctrl-C between two kills', async () => {
  const { status, said } = await soak(['--kills', '50'], (line, interrupt) => {
    if (line.startsWith('kill 2 of 50')) interrupt();
  });
  expect(said.join('\n')).toContain('cancelled by SIGINT');
  expect(status).toBe(130);
  await expectNothingLeft();
});

it.each([
  [['--kills', '0'], "'0'"],
  [['--kills', 'many'], "'many'"],
  [[], '--kills'],
  [['--kills', '8', '--seed', 'two words'], "'two words'"],
])('refuses %j before it builds anything', async (args, named) => {
  const { status, said } = await soak(args);
  expect(said.join('\n')).toContain(named);
  expect(said.join('\n')).not.toMatch(/^\s+at /m);
  expect(status).toBe(2);
  expect(readdirSync(root)).toEqual([]);
});
