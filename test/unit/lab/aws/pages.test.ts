import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutPage } from '../../../../src/lab/aws/pages.ts';

const pagesOf = (list: readonly string[], size: number): string[][] => {
  const pages: string[][] = [];
  let token: string | undefined;
  do {
    const page = cutPage(list, (item) => item, { size, token });
    if (page === undefined) throw new Error('its own token was not taken');
    pages.push([...page.items]);
    token = page.nextToken;
  } while (token !== undefined);
  return pages;
};

test('pages together are the list; only the last is short', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (list, size) => {
      const pages = pagesOf(list, size);
      expect(pages.flat()).toEqual(list);
      expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true);
    }),
  );
});

test('a token of another list is none', () => {
  expect(cutPage(['a'], (item) => item, { size: 1, token: 'bm9uZQ' })).toBeUndefined();
});
