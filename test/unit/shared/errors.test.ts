import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, RunError, toRunError } from '../../../src/shared/errors.ts';

const entries = Object.entries(ERRORS);

describe('the table of errors', () => {
  it.each(entries)('%s ends in a documented range', (_code, { exit }) => {
    const documented = [1, 2, 130].includes(exit) || (exit >= 10 && exit < 70);
    expect(documented).toBe(true);
  });

  it('gives every code an exit status of its own, but for what a script answers alike and the lab, a program of its own', () => {
    const shared: Partial<Record<ErrorCode, ErrorCode>> = {
      'other-backup': 'run-in-progress',
      'snapshots-pending': 'run-in-progress',
      'crash-not-provable': 'server-unsupported',
      'server-untrusted': 'server-denied',
      'file-system-stuck': 'storage-unfit',
      'run-id-used': 'usage',
      'no-such-set': 'no-target',
      'no-such-schedule': 'no-target',
    };
    for (const [code, other] of Object.entries(shared)) {
      expect(ERRORS[code as ErrorCode].exit, code).toBe(ERRORS[other].exit);
    }
    const released = entries.filter(([code]) => !code.startsWith('lab-') && !Object.hasOwn(shared, code));
    expect(new Set(released.map(([, { exit }]) => exit)).size).toBe(released.length);
  });

  it('uses no status that Systems Manager or Data Lifecycle Manager gives a meaning to', () => {
    const taken = [0, 126, 127, 137, 168, 169, 194, 201, 202, 203, 204, 205, 206];
    expect(entries.filter(([, { exit }]) => taken.includes(exit))).toEqual([]);
  });

  it.each(entries)('%s says what happened and what to do', (_code, { meaning, hint }) => {
    expect(meaning).toMatch(/^\S.*[^.]$/);
    expect(hint).toMatch(/^\S.*[.…]$/);
  });
});

describe('RunError', () => {
  it('takes the hint of the table unless it is given a better one', () => {
    expect(new RunError('usage', 'no').hint).toBe(ERRORS.usage.hint);
    expect(new RunError('usage', 'no', { hint: 'Try 3.' })).toMatchObject({ hint: 'Try 3.', exit: 2, message: 'no' });
  });
});

describe('toRunError', () => {
  const refused = new RunError('lock-timeout', 'waited 3 s');
  const unsafe = new RunError('thaw-failed', '/data');

  it('leaves a RunError as it is', () => {
    expect(toRunError(refused)).toBe(refused);
  });

  it.each([new TypeError('boom'), 'boom'])('calls anything else a bug: %s', (thrown) => {
    expect(toRunError(thrown)).toMatchObject({ code: 'bug', message: 'boom', cause: thrown });
  });

  /** A block that throws `original` and whose resource throws `undoing` as it is given back. */
  const block = `{
    await using resource = { async [Symbol.asyncDispose]() { throw undoing; } };
    throw original;
  }`;
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const lowered = transformSync(`async function f() ${block}`, { target: 'node20.19', format: 'cjs' }).code;
  const asBundled = new AsyncFunction('undoing', 'original', 'SuppressedError', `${lowered}; await f();`);

  /** The constructor that newer versions of Node have: the errors are own properties that do not enumerate. */
  class NativeSuppressedError extends Error {
    constructor(error: unknown, suppressed: unknown, message: string) {
      super(message);
      Object.defineProperty(this, 'error', { value: error, enumerable: false });
      Object.defineProperty(this, 'suppressed', { value: suppressed, enumerable: false });
    }
  }

  it.each([
    { where: 'the bundler makes it', suppressedError: undefined },
    { where: 'the runtime has it', suppressedError: NativeSuppressedError },
  ])('finds the graver of two errors in a SuppressedError as $where', async ({ suppressedError }) => {
    const endingOf = (undoing: unknown, original: unknown) =>
      asBundled(undoing, original, suppressedError).then(() => undefined, toRunError);
    expect(await endingOf(unsafe, refused)).toBe(unsafe);
    expect(await endingOf(refused, unsafe)).toBe(unsafe);
    expect(await endingOf(new TypeError('boom'), refused)).toMatchObject({ code: 'bug', message: 'boom' });
    expect(await endingOf(new TypeError('boom'), unsafe)).toBe(unsafe);
  });

  it('looks through several of them', () => {
    const inner = new NativeSuppressedError(unsafe, refused, '');
    expect(toRunError(new NativeSuppressedError(new TypeError('boom'), inner, ''))).toBe(unsafe);
  });
});
