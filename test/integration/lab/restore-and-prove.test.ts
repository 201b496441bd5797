import { expect, test } from 'vitest';
import type { Durability } from '../../../src/lab/hosts/durability.ts';
import { buildHost } from '../../../src/lab/hosts/simulated-host.ts';
import { LEDGERS, type Ledger } from '../../../src/lab/load/ledger.ts';
import { BEYOND_THE_SET, FULL_SWING, startLoad } from '../../../src/lab/load/write-load.ts';
import { gatherEvidence } from '../../../src/lab/rehearsal/gather-evidence.ts';
import { proveSet } from '../../../src/lab/rehearsal/prove-set.ts';
import { restoreSet } from '../../../src/lab/rehearsal/restore-set.ts';
import { installedServer } from '../../../src/lab/servers/installed.ts';
import { bundleLoad, labForTest } from './lab-for-test.ts';
import { type Lapses, takeSetByHand } from './set-by-hand.ts';

async function proof(durability: Durability, lapses: Lapses = {}, ledgers: readonly Ledger[] = LEDGERS) {
  await using test = await labForTest();
  const { shell, lab, ebs } = test;
  const distribution = await installedServer(shell);
  const host = await buildHost(shell, lab, ebs, { number: 1, distribution, durability });
  const load = await startLoad(shell, await bundleLoad(lab.path), host.server.socket, ledgers);
  await load.hasDone(FULL_SWING);
  const set = await takeSetByHand(shell, ebs, host, load, lapses);
  await load.hasDone(BEYOND_THE_SET);
  const report = await load.stop();
  const options = { serverId: 101, ledgers, isReplica: false };
  await using restored = await restoreSet({ shell, folder: lab, ebs }, host, set, options);
  return proveSet(await gatherEvidence(shell, host, restored, report));
}

test.each<Durability>(['1/1', '2/0', '0/0'])(
  'a set taken as it should be is proven at durability %s',
  async (durability) => {
    expect(await proof(durability)).toEqual({
      ackedLost: 0,
      beyondCoordinates: 0,
      coordinatesExact: true,
      complaints: [],
    });
  },
);

test('a load without MyISAM proves a set as well', async () => {
  expect(await proof('1/1', {}, ['ledger_innodb'])).toMatchObject({ ackedLost: 0, complaints: [] });
});

test('a checkpoint that the server writes into its log after the coordinates leaves them exact', async () => {
  expect(await proof('2/0', { lateCheckpoint: true })).toMatchObject({ coordinatesExact: true, complaints: [] });
});

test('a set taken without the lock is found out', async () => {
  const { beyondCoordinates, coordinatesExact } = await proof('1/1', { withoutLock: true });
  expect(beyondCoordinates).toBeGreaterThan(0);
  expect(coordinatesExact).toBe(false);
});

test('a set on which no server starts is a rehearsal that failed, and its name is told', async () => {
  await expect(proof('1/1', { withoutRedoLog: true })).rejects.toMatchObject({
    code: 'rehearsal-failed',
    message: expect.stringMatching(/^by-hand\/i-\w+ cannot be restored: mariadbd does not start: .*ib_logfile0/),
  });
});

test.each([
  ['without the binary log', [0, 1]],
  ['with a volume too many', [0, 3]],
  ['with another volume instead', [1, 3]],
] as const)('a set %s is refused before anything of it is mounted', async (_, volumes) => {
  await expect(proof('1/1', { volumes })).rejects.toMatchObject({
    code: 'rehearsal-failed',
    message: expect.stringMatching(/^by-hand\/i-\w+ holds vol-.*; the server is on vol-\w+, vol-\w+$/),
  });
});
