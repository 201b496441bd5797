import { describe, expect, it } from 'vitest';
import type { ReplicaPlan } from '../../../../src/agent/plan/lock-plan.ts';
import type { Row } from '../../../../src/agent/ports.ts';
import { refuseLockHolders } from '../../../../src/agent/window/lock-holders.ts';
import type { RunError } from '../../../../src/shared/errors.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const holder = (id: string, type: string, table: Partial<Row> = { schema: 't', name: 'a' }): Row => ({
  id,
  user: 'app',
  type,
  schema: null,
  name: null,
  ...table,
});

const applier = (applied: string): Row => ({ ...holder('12', 'INTENTION_EXCLUSIVE', {}), user: 'root', applied });

/** What becomes of a run that waits 3 s for the lock at most; what the server lists at each look, the last for good. */
async function looks(...inTurn: readonly (readonly Row[])[]) {
  const session = scriptedSession({ HOLDERS: { inTurn } });
  const clock = fakeClock();
  const error = await refuseLockHolders(session, { lockHoldersQuery: 'HOLDERS' }, 3, clock).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, times: session.said.length, waitedMs: clock.elapsed() };
}

describe('who holds what the read lock would wait for', () => {
  it('is nobody: one look', async () => {
    expect(await looks([])).toEqual({ error: undefined, times: 1, waitedMs: 0 });
  });

  it.each([
    ['SHARED_NO_READ_WRITE', 'LOCK TABLES … WRITE'],
    ['SHARED_READ_ONLY', 'LOCK TABLES … READ'],
    ['SHARED', 'HANDLER … OPEN'],
    ['SHARED_NO_WRITE', 'FLUSH TABLES … WITH READ LOCK or FOR EXPORT'],
  ])('is refused by name: %s', async (type, statement) => {
    const { error, waitedMs } = await looks([holder('12', type)]);
    expect(error).toMatchObject({
      code: 'other-backup',
      message: `connection 12 of app holds ${statement} on t.a: the read lock would wait for it, and every commit behind the lock`,
      hint: expect.stringContaining('KILL 12'),
    });
    expect(waitedMs).toBe(3_000);
  });

  it('is named without a table where the lock is a global one', async () => {
    const { error } = await looks([holder('12', 'INTENTION_EXCLUSIVE', {})]);
    expect(error).toMatchObject({ message: expect.stringContaining('holds LOCK TABLES … WRITE: the read lock') });
  });

  it('is no reason where it lets go in time', async () => {
    expect(await looks([holder('12', 'SHARED')], [])).toEqual({ error: undefined, times: 2, waitedMs: 100 });
  });

  it('is no reason where it is another one at each look', async () => {
    const { error } = await looks(
      [holder('12', 'SHARED'), holder('13', 'SHARED')],
      [holder('13', 'SHARED')],
      [holder('12', 'SHARED'), holder('14', 'SHARED')],
    );
    expect(error).toBeUndefined();
  });

  it('is an applier, which is named and not to be killed', async () => {
    const { error, waitedMs } = await looks([applier('43:4:1')]);
    expect(error).toMatchObject({
      code: 'long-statement',
      message: expect.stringMatching(/applier \(connection 12\) has run for at least 3 s/),
      hint: expect.stringContaining('--stop-replica-sql'),
    });
    expect((error as RunError).hint).not.toContain('KILL');
    expect(waitedMs).toBe(3_000);
  });

  it('is no applier that has come to its next statement', async () => {
    expect(await looks([applier('43:4:1')], [applier('43:9:1')])).toMatchObject({ error: undefined, times: 2 });
  });

  it('is no applier that is stopped before the lock', async () => {
    const session = scriptedSession({ HOLDERS: [applier('43:4:1')] });
    const replica = { stopped: [''] } as unknown as ReplicaPlan;
    await refuseLockHolders(session, { lockHoldersQuery: 'HOLDERS', replica }, 3, fakeClock());
    expect(session.said).toEqual(['HOLDERS']);
  });

  it('is not asked where the server does not list it', async () => {
    const session = scriptedSession({});
    await refuseLockHolders(session, {}, 3, fakeClock());
    expect(session.said).toEqual([]);
  });
});
