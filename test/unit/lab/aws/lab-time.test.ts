import { describe, expect, it } from 'vitest';
import { SteeredTime } from '../../../../src/lab/aws/lab-time.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-22T03:00:00Z');

describe('steered time', () => {
  it('wakes whoever falls due, in order and each at its own time, those included who fell asleep meanwhile', async () => {
    const time = new SteeredTime(START);
    const woken: string[] = [];
    const sleeper = async (name: string, ...naps: number[]) => {
      for (const nap of naps) {
        await time.sleep(nap);
        woken.push(`${name} ${Math.floor((time.now() - START) / HOUR)}`);
      }
    };
    const all = [sleeper('late', 3 * HOUR), sleeper('twice', HOUR, HOUR), sleeper('beyond', 9 * HOUR)];
    await time.advance(4 * HOUR);
    expect(woken).toEqual(['twice 1', 'twice 2', 'late 3']);
    await time.advance(6 * HOUR);
    await Promise.all(all);
    expect(woken.at(-1)).toBe('beyond 9');
  });

  it('goes on by itself', async () => {
    const time = new SteeredTime(START);
    await time.sleep(20);
    expect(time.now()).toBeGreaterThanOrEqual(START + 20);
  });

  it('ends a sleep early when the signal is aborted', async () => {
    const time = new SteeredTime(START);
    const cancel = new AbortController();
    const asleep = time.sleep(9 * HOUR, cancel.signal);
    cancel.abort();
    await asleep;
    expect(time.now()).toBeLessThan(START + HOUR);
  });
});
