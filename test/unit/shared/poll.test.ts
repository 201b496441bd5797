import { describe, expect, it } from 'vitest';
import { Pauses, pause, poll, type Sleeper } from '../../../src/shared/poll.ts';

/** Sleeps in no time and keeps how long; `aborts` happens during the nth sleep. */
function sleeper(aborts?: { readonly at: number; readonly abort: () => void }): Sleeper & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      if (slept.length === aborts?.at) aborts.abort();
      signal?.throwIfAborted();
    },
  };
}

describe('poll', () => {
  it('looks at once, and pauses only between two looks', async () => {
    const clock = sleeper();
    const answer = await poll(clock, { firstMs: 100 }, async (looked) => (looked === 3 ? 'seen' : undefined));
    expect([answer, clock.slept]).toEqual(['seen', [100, 100]]);
  });

  it('pauses longer and longer, up to the longest', async () => {
    const clock = sleeper();
    await poll(clock, { firstMs: 100, factor: 2, longestMs: 350 }, async (looked) => looked === 5 || undefined);
    expect(clock.slept).toEqual([100, 200, 350, 350]);
  });

  it('has no answer after its last look, and does not pause behind it', async () => {
    const clock = sleeper();
    expect(await poll(clock, { firstMs: 100, times: 2 }, async () => undefined)).toBeUndefined();
    expect(clock.slept).toEqual([100]);
  });

  it('takes an answer that is false for an answer', async () => {
    expect(await poll(sleeper(), { firstMs: 1, times: 2 }, async () => false)).toBe(false);
  });

  it('ends with the reason of its signal', async () => {
    const cancel = new AbortController();
    const clock = sleeper({ at: 2, abort: () => cancel.abort(new Error('cancelled')) });
    const looks: number[] = [];
    const polled = poll(clock, { firstMs: 1, signal: cancel.signal }, async (looked) => void looks.push(looked));
    await expect(polled).rejects.toThrow('cancelled');
    expect(looks).toEqual([1, 2]);
  });
});

it('pauses start over with the first one', () => {
  const pauses = new Pauses({ firstMs: 10, factor: 3 });
  const before = [pauses.next(), pauses.next()];
  pauses.startOver();
  expect([...before, pauses.next()]).toEqual([10, 30, 10]);
});

it('a pause ends early without an error where its signal is aborted, and with any other error', async () => {
  const cancel = new AbortController();
  await pause(sleeper({ at: 1, abort: () => cancel.abort() }), 10, cancel.signal);
  const broken: Sleeper = { sleep: () => Promise.reject(new Error('no timer')) };
  await expect(pause(broken, 10, new AbortController().signal)).rejects.toThrow('no timer');
});
