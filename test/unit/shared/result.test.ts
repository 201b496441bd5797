import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts';
import { decodeResult, encodeResult, outcomeOf, RESULT_BYTES, type Result } from '../../../src/shared/result.ts';
import { mangled } from '../../support/mangled-json.ts';

/** Text of any length and script, with halves of surrogate pairs and characters that JSON escapes. */
const unit = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 1 }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('€', '𝄞', '\ud834', '\udd1e', '"', '\\', '\n', '\u0001'),
);
const text = fc
  .tuple(fc.array(unit, { maxLength: 6 }), fc.nat({ max: 400 }))
  .map(([units, times]) => units.join('').repeat(times));
const milliseconds = fc.double({ min: 0, max: 1e9, noNaN: true });

const results: fc.Arbitrary<Result> = fc.record(
  {
    v: fc.constant(1 as const),
    run: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
    instance: text,
    outcome: fc.constantFrom('done', 'refused', 'failed', 'unsafe'),
    code: fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])),
    message: text,
    hint: text,
    level: fc.constant('application' as const),
    grade: fc.constantFrom('unproven', 'application', 'crash', 'broken'),
    set: text,
    members: fc.nat(),
    stallMs: milliseconds,
    stallTotalMs: milliseconds,
    frozenMs: milliseconds,
    apiMs: milliseconds,
    binlog: text,
    gtid: text,
    server: text,
    warnings: fc.array(fc.string(), { maxLength: 40 }),
    ms: milliseconds,
    snapshots: fc.array(fc.stringMatching(/^snap-[0-9a-f]{17}$/), { maxLength: 128, size: 'max' }),
  },
  { requiredKeys: ['v', 'run', 'outcome'] },
);

describe('encodeResult', () => {
  it('is one line of JSON of at most 1,238 bytes, whatever went in', () => {
    fc.assert(
      fc.property(results, (result) => {
        const line = encodeResult(result);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(RESULT_BYTES);
        expect(line).not.toContain('\n');
        expect(decodeResult(line)).toMatchObject({ v: 1, run: result.run, outcome: result.outcome });
      }),
      { numRuns: 300 },
    );
  });

  const small: Result = { v: 1, run: 'r', outcome: 'done', set: 'r/i-0123456789abcdef0' };
  const full: Result = {
    ...small,
    gtid: 'g'.repeat(300),
    warnings: ['w'.repeat(300)],
    message: 'm'.repeat(300),
    hint: 'h'.repeat(150),
    snapshots: ['snap-0123456789abcdef0'],
  };

  it.each<{ keeps: string; gone: readonly (keyof Result)[]; extra: Partial<Result> }>([
    { keeps: 'everything', gone: [], extra: {} },
    { keeps: 'all but the snapshots', gone: ['snapshots'], extra: { server: 's'.repeat(50) } },
    { keeps: 'all but snapshots and gtid', gone: ['snapshots', 'gtid'], extra: { server: 's'.repeat(300) } },
    {
      keeps: 'all but snapshots, gtid and warnings',
      gone: ['snapshots', 'gtid', 'warnings'],
      extra: { server: 's'.repeat(600) },
    },
  ])('keeps $keeps', ({ gone, extra }) => {
    const result: Result = { ...full, ...extra };
    const expected = Object.fromEntries(Object.entries(result).filter(([key]) => !gone.includes(key as keyof Result)));
    expect(JSON.parse(encodeResult(result))).toEqual(expected);
  });

  it('cuts a long message to the byte and leaves the hint whole', () => {
    const line = encodeResult({ ...small, message: 'm'.repeat(5000), hint: 'Do this.' });
    expect(Buffer.byteLength(line)).toBe(RESULT_BYTES);
    expect(decodeResult(line)).toMatchObject({ message: expect.stringMatching(/^m+…$/), hint: 'Do this.' });
  });

  it('lets a long hint not cost the message', () => {
    const cut = decodeResult(encodeResult({ ...small, message: 'It is broken.', hint: 'h'.repeat(5000) }));
    expect(cut).toMatchObject({ message: 'It is broken.', hint: expect.stringMatching(/^h+…$/) });
  });

  it.each([0, 1, 2, 3])('never cuts through a character (%i characters before it)', (before) => {
    const message = 'x'.repeat(before) + '𝄞'.repeat(2000);
    for (const hint of ['Do this.', 'h'.repeat(5000)]) {
      expect(decodeResult(encodeResult({ ...small, message, hint }))?.message).toMatch(/^x*𝄞+…$/u);
    }
  });
});

describe('decodeResult', () => {
  it.each([
    ...['', 'x', 'null', '[]', '{}', '{"v":2,"run":"r","outcome":"done"}', '{"v":1,"run":"r","outcome":"fine"}'],
    '{"v":1,"run":"r","outcome":"done","stallMs":1e999}',
  ])('takes %j for no result', (line) => {
    expect(decodeResult(line)).toBeUndefined();
  });

  it('takes any line for a result that can be told again as it is, or for none', () => {
    const meddledWith = fc.tuple(
      results.chain((result) => mangled(JSON.parse(JSON.stringify(result)))),
      fc.constantFrom('1e999', '-1', '0.5', '1'),
    );
    const line = meddledWith.map(([result, number]) => JSON.stringify(result).replace(/:[\d.]+,/, `:${number},`));
    fc.assert(
      fc.property(fc.oneof(line, fc.string(), fc.json()), (text) => {
        const result = decodeResult(text);
        if (result !== undefined) expect(decodeResult(JSON.stringify(result))).toEqual(result);
      }),
      { numRuns: 500 },
    );
  });
});

describe('outcomeOf', () => {
  it.each<[ErrorCode, string]>([
    ['usage', 'refused'],
    ['long-statement', 'refused'],
    ['lock-timeout', 'failed'],
    ['bug', 'failed'],
    ['cancelled', 'failed'],
    ['thaw-failed', 'unsafe'],
  ])('%s is %s', (code, outcome) => {
    expect(outcomeOf(code)).toBe(outcome);
  });
});
