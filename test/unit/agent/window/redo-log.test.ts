import { describe, expect, it } from 'vitest';
import type { RedoProof } from '../../../../src/agent/plan/lock-plan.ts';
import type { Clock } from '../../../../src/agent/ports.ts';
import { proveRedoDurable } from '../../../../src/agent/window/redo-log.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const FLUSH = 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS';

describe('the proof that the redo log is durable', () => {
  const rows = { as: 'lsn-row', sql: 'LSN' } as const;
  const redo: RedoProof = { target: rows, flush: FLUSH, flushed: rows };
  const lsn = (current: string | null, flushed: string | null, setting = '1') => [{ current, flushed, setting }];
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
      [FLUSH]: [],
    });
    await proveRedoDurable(session, redo, undefined, clock(), 60_000);
    expect(session.said).toEqual(['LSN', FLUSH, 'LSN', 'LSN']);
  });

  it('leaves to the freeze what the flush has written at 2', async () => {
    const session = scriptedSession({ LSN: lsn('100', '99', '2'), [FLUSH]: [] });
    await proveRedoDurable(session, redo, undefined, clock(), 3_000);
    expect(session.said).toEqual(['LSN', FLUSH, 'LSN']);
  });

  it('takes the target that came with the coordinates', async () => {
    const STATUS = 'SHOW ENGINE INNODB STATUS';
    const text = (flushed: number) => [
      { Status: `LOG\n---\nLog sequence number          ${flushed + 50}\nLog flushed up to            ${flushed}\n` },
    ];
    const session = scriptedSession({ [FLUSH]: [], [STATUS]: { inTurn: [text(99), text(100)] } });
    const mysql: RedoProof = { target: 'coordinates', flush: FLUSH, flushed: { as: 'innodb-status', sql: STATUS } };
    await proveRedoDurable(session, mysql, 100n, clock(), 60_000);
    expect(session.said).toEqual([FLUSH, STATUS, STATUS]);
    await expect(proveRedoDurable(session, mysql, undefined, clock(), 60_000)).rejects.toMatchObject({
      code: 'redo-not-durable',
    });
  });

  it('gives up at its deadline', async () => {
    const session = scriptedSession({ LSN: lsn('100', '99'), [FLUSH]: [] });
    await expect(proveRedoDurable(session, redo, undefined, clock(), 3_000)).rejects.toMatchObject({
      code: 'redo-not-durable',
    });
  });

  it('refuses a server that does not report it', async () => {
    for (const answer of [[], lsn(null, null)]) {
      const session = scriptedSession({ LSN: answer, [FLUSH]: [] });
      await expect(proveRedoDurable(session, redo, undefined, clock(), 3_000)).rejects.toMatchObject({
        code: 'redo-not-durable',
      });
    }
  });
});
