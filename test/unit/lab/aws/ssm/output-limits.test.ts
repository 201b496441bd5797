import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combinedOutput } from '../../../../../src/lab/aws/ssm/output-limits.ts';

/** Without the replacement character, which is how a torn one would show. */
const text = (maxLength: number) =>
  fc.string({ unit: 'grapheme', maxLength }).map((value) => value.replaceAll('\ufffd', ''));

test('never more than 2,500 bytes, and valid text', () => {
  fc.assert(
    fc.property(text(3000), text(3000), (stdout, stderr) => {
      const combined = combinedOutput(stdout, stderr);
      expect(Buffer.byteLength(combined)).toBeLessThanOrEqual(2500);
      expect(combined.isWellFormed()).toBe(true);
      expect(combined).not.toContain('\ufffd');
    }),
  );
});

test('what fits stays whole', () => {
  expect(combinedOutput('out\n', '')).toBe('out\n');
  expect(combinedOutput('out\n', 'err\n')).toBe('out\n\n----------ERROR-------\nerr\n');
  expect(combinedOutput('x'.repeat(2500), '')).toBe('x'.repeat(2500));
});

test('a stdout of 1,238 bytes survives beside any stderr, and the other way round', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1238 }), fc.integer({ min: 0, max: 30_000 }), (short, long) => {
      expect(combinedOutput('o'.repeat(short), 'e'.repeat(long)).startsWith('o'.repeat(short))).toBe(true);
      expect(combinedOutput('o'.repeat(long), 'e'.repeat(short)).endsWith('e'.repeat(short))).toBe(true);
    }),
  );
});

test('both too long: each keeps its head', () => {
  const combined = combinedOutput('o'.repeat(5000), 'e'.repeat(5000));
  expect(combined).toMatch(/^o{1215}\n---Output truncated---\n-{10}ERROR-{7}\ne{1215}\n---Error truncated----$/);
});
