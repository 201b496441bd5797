import { expect, test } from 'vitest';
import { Undo } from '../../../../src/lab/machine/undo.ts';

test('what was built last goes first, a failure hides none of the rest, and nothing goes twice', async () => {
  const gone: string[] = [];
  const undo = new Undo();
  undo.add(async () => gone.push('first'));
  undo.use({ [Symbol.asyncDispose]: async () => void gone.push('second') });
  undo.add(() => Promise.reject(new Error('third stays')));
  await expect(undo[Symbol.asyncDispose]()).rejects.toThrow('third stays');
  expect(gone).toEqual(['second', 'first']);
  await undo[Symbol.asyncDispose]();
  expect(gone).toEqual(['second', 'first']);
});
