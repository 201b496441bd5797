import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../../src/agent/ports.ts';
import { proveRedoDurable } from '../../../../src/agent/window/redo-log.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

describe('the proof that the redo log is durable', () => {
  const redo = { by: 'lsn', before: [], status: 'LSN', current: 'current', flushed: 'flushed' } as const;
  const lsn = (current: string, flushed: string) => [
    { Variable_name: 'current', Value: current },
    { Variable_name: 'flushed', Value: flushed },
  ];
  /** Every look at the clock takes a second. */
  const clock = (): Clock => {
    let now = 0;
    return { now: () => new Date(), elapsed: () => (now += 1_000), sleep: async () => {} };
  };

  it('waits until what was current under the lock is flushed, beyond what 53 bits hold', async () => {
    const session = scriptedSession({
      LSN: {
        inTurn: [
          lsn('9007199254740995', '1'),
          lsn('9007199254740997', '9007199254740994'),
          lsn('0', '9007199254740995'),
        ],
      },
    });
    await proveRedoDurable(session, redo, clock(), 60_000);
    expect(session.said).toEqual(['LSN', 'LSN', 'LSN']);
  });

  it('gives up at its deadline', async () => {
    const session = scriptedSession({ LSN: lsn('100', '99') });
    await expect(proveRedoDurable(session, redo, clock(), 3_000)).rejects.toMatchObject({ code: 'redo-not-durable' });
  });

  it('refuses a server that does not report it', async () => {
    await expect(proveRedoDurable(scriptedSession({ LSN: [] }), redo, clock(), 3_000)).rejects.toMatchObject({
      code: 'redo-not-durable',
    });
  });
});
