import { describe, expect, it } from 'vitest';
import type { Planned } from '../../../../src/agent/plan/plan-snapshot.ts';
import type { Processes } from '../../../../src/agent/ports.ts';
import { refuseOtherServer } from '../../../../src/agent/window/refuse-other-server.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const FILES = [{ role: 'binlog', path: '/binlog' }];
const planned = (binlogEnabled: boolean) =>
  ({
    plan: { lock: { coordinates: 'STATUS' }, facts: { server: { binlogEnabled, files: FILES } } },
    refusals: [],
  }) as unknown as Planned;
const at = (File: string, Position: number) => [{ File, Position: String(Position) }];

/** A host whose files have these sizes. */
const host = (sizes: Record<string, number>): Pick<Processes, 'run'> => ({
  run: async (argv) => {
    const bytes = sizes[argv.at(-1) ?? ''];
    return { status: bytes === undefined ? 1 : 0, stdout: String(bytes), stderr: '' };
  },
});

const refusals = async (
  positions: readonly ReturnType<typeof at>[],
  sizes: Record<string, number>,
  binlogEnabled = true,
) => {
  const session = scriptedSession({ STATUS: { inTurn: positions } });
  return (await refuseOtherServer(planned(binlogEnabled), session, host(sizes))).refusals;
};

describe('the server we talk to is the one whose files we see', () => {
  it.each([
    ['its binary log ends where it says', 500],
    ['its binary log grows while we look', 550],
    ['its binary log is encrypted, which adds a header', 1012],
  ])('%s', async (_what, bytes) => {
    expect(await refusals([at('b.000001', 500), at('b.000001', 600)], { '/binlog/b.000001': bytes })).toEqual([]);
  });

  it('looks again where the binary log was rotated meanwhile', async () => {
    const positions = [at('b.000001', 500), at('b.000002', 100), at('b.000002', 100), at('b.000002', 100)];
    expect(await refusals(positions, { '/binlog/b.000001': 500, '/binlog/b.000002': 100 })).toEqual([]);
  });

  it.each([
    ['has no such binary log', {}],
    ['has a shorter one', { '/binlog/b.000001': 499 }],
    ['has a longer one', { '/binlog/b.000001': 5_000 }],
  ])('refuses where this host %s', async (_what, sizes) => {
    expect(await refusals([at('b.000001', 500)], sizes)).toMatchObject([{ code: 'files-unresolved' }]);
  });

  it('has no witness where there is no binary log', async () => {
    expect(await refusals([], {}, false)).toEqual([]);
  });
});
