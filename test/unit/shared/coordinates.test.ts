import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  BinlogPosition,
  binlogInfoLine,
  type Coordinates,
  formatBinlog,
  sameCoordinates,
} from '../../../src/shared/coordinates.ts';

const at = (file: string, position: number): Coordinates => ({ binlog: { file, position } });

describe('sameCoordinates', () => {
  it.each<[string, Coordinates, Coordinates]>([
    ['the position', at('binlog.000001', 157), at('binlog.000001', 158)],
    ['the file', at('binlog.000001', 157), at('binlog.000002', 157)],
    ['the GTID set', { gtid: '0-1-1' }, { gtid: '0-1-2' }],
    ['a GTID set that came to be', at('binlog.000001', 157), { ...at('binlog.000001', 157), gtid: '0-1-1' }],
    ['a binary log that came to be', {}, at('binlog.000001', 157)],
  ])('sees a change of %s, from either side', (_what, a, b) => {
    expect(sameCoordinates(a, b)).toBe(false);
    expect(sameCoordinates(b, a)).toBe(false);
  });

  it('holds for equal values, none included', () => {
    const coordinates = fc.record(
      { binlog: fc.record({ file: fc.string(), position: fc.nat() }), gtid: fc.string() },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(coordinates, (one) => sameCoordinates(one, structuredClone(one))));
  });
});

describe('how coordinates are written', () => {
  const position = { file: 'mysql-bin.000042', position: 1_234_567 };

  it('as a tag', () => {
    expect(formatBinlog(position)).toBe('mysql-bin.000042:1234567');
  });

  it("as the classic tool's line", () => {
    expect(binlogInfoLine(position)).toBe("MASTER_LOG_FILE='mysql-bin.000042', MASTER_LOG_POS=1234567\n");
  });
});

describe('BinlogPosition', () => {
  it.each([0, 3, 4.5, -1, Number.NaN])('refuses the position %d: the first event stands at 4', (position) => {
    expect(v.is(BinlogPosition, { file: 'binlog.000001', position })).toBe(false);
  });
});
