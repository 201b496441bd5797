import { expect, test } from 'vitest';
import { checkPrerequisites, refuseOldBash } from '../../../../src/agent/adapters/prerequisites.ts';
import { DeadlinePassed, type Processes } from '../../../../src/agent/ports.ts';

test.each(['5.2.15(1)-release', '4.4.20(1)-release', '10.0'])('bash %s will do', (version) => {
  expect(() => refuseOldBash(`GNU bash, version ${version} (x86_64-pc-linux-gnu)\nmore`)).not.toThrow();
});

test.each(['4.2.46(2)-release', '4.3.0', '3.9'])('bash %s is too old, and named', (version) => {
  expect(() => refuseOldBash(`GNU bash, version ${version} (x86_64-redhat-linux-gnu)`)).toThrow(
    expect.objectContaining({ code: 'host-unfit', message: expect.stringContaining(`version ${version},`) }),
  );
});

test('what is no bash is refused', () => {
  expect(() => refuseOldBash('')).toThrow(expect.objectContaining({ code: 'host-unfit' }));
});

const answering = (answers: Readonly<Record<string, Error>>): Processes => ({
  run: async ([name = '']) => {
    if (answers[name]) throw answers[name];
    return { status: 0, stdout: 'GNU bash, version 5.2.15(1)-release', stderr: '' };
  },
  start: () => {
    throw new Error('nothing is to be started');
  },
});

test.runIf(process.getuid?.() === 0)('a program that is not there is named', async () => {
  const run = checkPrerequisites(answering({ flock: new Error('spawn flock ENOENT') }));
  await expect(run).rejects.toThrow(/^not found on this host: flock$/);
});

test.runIf(process.getuid?.() === 0)('a program that does not answer in time does not count as missing', async () => {
  const run = checkPrerequisites(answering({ flock: new DeadlinePassed('flock', 5_000) }));
  await expect(run).rejects.toThrow(/^a program does not even tell its version: flock: nothing heard for 5000 ms$/);
});
