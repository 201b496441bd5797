import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  BinlogPosition,
  binlogInfoLine,
  type Channel,
  Coordinates,
  formatBinlog,
  sameCoordinates,
  sameReplica,
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

describe('what a replica has executed', () => {
  const channel = (more: Partial<Channel> = {}): Channel => ({
    name: '',
    source: { host: 'db-source', port: 3306 },
    binlog: { file: 'binlog.000017', position: 2024 },
    exact: true,
    autoPosition: false,
    ...more,
  });
  const replica = (channels: Channel[], gtid?: string): Coordinates => ({
    replica: { channels, ...(gtid !== undefined && { gtid }) },
  });
  const further = { binlog: { file: 'binlog.000017', position: 2025 } };
  const { binlog: _none, ...begun } = channel();

  it.each<[string, Coordinates, Coordinates, boolean]>([
    ['an exact place moved', replica([channel()]), replica([channel(further)]), false],
    [
      'a low-water mark moved',
      replica([channel({ exact: false })]),
      replica([channel({ exact: false, ...further })]),
      true,
    ],
    ['a first place came to be', replica([begun]), replica([channel()]), false],
    [
      'it was listed in another order',
      replica([channel(), channel({ name: 'b' })]),
      replica([channel({ name: 'b' }), channel()]),
      true,
    ],
    ['a channel went', replica([channel(), channel({ name: 'b', exact: false })]), replica([channel()]), false],
    [
      'the GTID set moved',
      replica([channel({ exact: false })], '0-1-1'),
      replica([channel({ exact: false })], '0-1-2'),
      false,
    ],
    ['it came to be a replica', {}, replica([]), false],
    ['neither is one', {}, {}, true],
  ])('%s', (_what, a, b, same) => {
    expect(sameReplica(a, b)).toBe(same);
    expect(sameReplica(b, a)).toBe(same);
    expect(sameCoordinates(a, b)).toBe(same);
  });

  it.each<[string, Partial<Record<keyof Channel, unknown>>]>([
    ['a name longer than any', { name: 'x'.repeat(256) }],
    ['no host', { source: { port: 3306 } }],
    ['a port below none', { source: { host: 'a', port: -1 } }],
    ['a file that is none', { binlog: { file: '../x', position: 4 } }],
    ['nobody knows whether it is exact', { exact: undefined }],
  ])('is refused where there is %s', (_what, more) => {
    const said = { replica: { channels: [{ ...channel(), ...more }] } };
    expect(v.is(Coordinates, said)).toBe(false);
    expect(v.is(Coordinates, replica([channel()], 'a:1-3'))).toBe(true);
  });
});
