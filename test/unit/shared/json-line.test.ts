import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonLine } from '../../../src/shared/json-line.ts';

it('is one line that steers no terminal, and reads as what went in', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const line = jsonLine(value);
      expect(line).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
