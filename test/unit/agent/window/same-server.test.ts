import { describe, expect, it } from 'vitest';
import type { ServerFacts } from '../../../../src/agent/discovery/facts.ts';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import type { Processes } from '../../../../src/agent/ports.ts';
import { proveSameServer } from '../../../../src/agent/window/same-server.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const plan = { coordinates: 'STATUS' } as LockPlan;
const server = { binlogEnabled: true, files: [{ role: 'binlog', path: '/binlog' }] } as unknown as ServerFacts;
const at = (File: string, Position: number) => [{ File, Position: String(Position) }];

/** A host whose files have these sizes. */
const host = (sizes: Record<string, number>): Pick<Processes, 'run'> => ({
  run: async (argv) => {
    const bytes = sizes[argv.at(-1) ?? ''];
    return { status: bytes === undefined ? 1 : 0, stdout: String(bytes), stderr: '' };
  },
});

const prove = (positions: readonly ReturnType<typeof at>[], sizes: Record<string, number>, facts = server) =>
  proveSameServer(scriptedSession({ STATUS: { inTurn: positions } }), plan, facts, host(sizes));

describe('the server we talk to is the one whose files we see', () => {
  it.each([
    ['its binary log ends where it says', 500],
    ['its binary log grows while we look', 550],
    ['its binary log is encrypted, which adds a header', 1012],
  ])('%s', async (_what, bytes) => {
    await prove([at('b.000001', 500), at('b.000001', 600)], { '/binlog/b.000001': bytes });
  });

  it('looks again where the binary log was rotated meanwhile', async () => {
    const positions = [at('b.000001', 500), at('b.000002', 100), at('b.000002', 100), at('b.000002', 100)];
    await prove(positions, { '/binlog/b.000001': 500, '/binlog/b.000002': 100 });
  });

  it.each([
    ['has no such binary log', {}],
    ['has a shorter one', { '/binlog/b.000001': 499 }],
    ['has a longer one', { '/binlog/b.000001': 5_000 }],
  ])('refuses where this host %s', async (_what, sizes) => {
    await expect(prove([at('b.000001', 500)], sizes)).rejects.toMatchObject({ code: 'files-unresolved' });
  });

  it('has no witness where there is no binary log', async () => {
    await prove([], {}, { ...server, binlogEnabled: false });
  });
});
