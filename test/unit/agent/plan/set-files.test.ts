import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { planSnapshot } from '../../../../src/agent/plan/plan-snapshot.ts';
import { setFiles } from '../../../../src/agent/plan/set-files.ts';
import type { Coordinates } from '../../../../src/shared/coordinates.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE, Manifest } from '../../../../src/shared/manifest.ts';
import { REQUEST } from '../../../support/snapshot-request.ts';
import { factsOf } from './some-facts.ts';

const { plan } = planSnapshot(REQUEST, await factsOf('luks'));
const files = (coordinates: Coordinates) => setFiles(plan, coordinates, new Date('2026-11-22T03:00:00Z'));

describe('the files that travel in the set', () => {
  it('tell the coordinates twice: whole, and as the classic tool wrote them', () => {
    const coordinates = { binlog: { file: 'binlog.000042', position: 1337 }, gtid: '0-1-2' };
    expect(files(coordinates)[BINLOG_INFO_FILE]).toBe("MASTER_LOG_FILE='binlog.000042', MASTER_LOG_POS=1337\n");
    expect(v.parse(Manifest, JSON.parse(files(coordinates)[MANIFEST_FILE] ?? '')).coordinates).toEqual(coordinates);
  });

  const replica = {
    channels: [
      {
        name: "o'dd\n",
        source: { host: 'db', port: 3306 },
        binlog: { file: 'b.000001', position: 4 },
        exact: true,
        autoPosition: false,
      },
    ],
  };

  it.each<[string, Coordinates]>([
    ['none', {}],
    ['those of its sources alone', { replica }],
  ])('where the coordinates are %s, those of an earlier set go', (_what, coordinates) => {
    expect(files(coordinates)[BINLOG_INFO_FILE]).toBeNull();
    expect(v.parse(Manifest, JSON.parse(files(coordinates)[MANIFEST_FILE] ?? '')).coordinates).toEqual(coordinates);
  });

  it('are one line each, whatever a channel is called', () => {
    expect(files({ replica })[MANIFEST_FILE]?.trimEnd()).not.toContain('\n');
  });
});
