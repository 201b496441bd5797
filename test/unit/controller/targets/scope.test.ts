import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { portions } from '../../../../src/controller/collections.ts';
import { parseScope, sameScope } from '../../../../src/controller/targets/scope.ts';
import { host } from '../fakes.ts';

describe('the scope of a run', () => {
  it('takes ids with commas and repeated, each once', () => {
    expect(parseScope([`${host(1)}, ${host(2)}`, host(1), 'i-0123abcd'], [])).toEqual({
      by: 'ids',
      ids: [host(1), host(2), 'i-0123abcd'],
    });
  });

  it('takes tags: the same key widens, another narrows', () => {
    expect(parseScope([], ['tag:Role=db', 'tag:Env=a=b', 'tag:Role=replica', 'tag:Role=db'])).toEqual({
      by: 'tags',
      tags: [
        { key: 'Role', values: ['db', 'replica'] },
        { key: 'Env', values: ['a=b'] },
      ],
    });
  });

  it.each([
    [['i-xyz'], [], 'usage', "'i-xyz'"],
    [['mi-0123456789abcdef0'], [], 'usage', "'mi-0123456789abcdef0'"],
    [['I-0123456789abcdef0'], [], 'usage', "'I-0123456789abcdef0'"],
    [[], ['Role=db'], 'usage', "'Role=db'"],
    [[], ['tag:Role'], 'usage', "'tag:Role'"],
    [[], ['tag:=db'], 'usage', "'tag:=db'"],
    [[host(1)], ['tag:Role=db'], 'usage', 'exclude each other'],
    [[], [], 'no-target', 'no host'],
    [[' , '], [], 'no-target', 'no host'],
    [[], [1, 2, 3, 4, 5, 6].map((n) => `tag:K${n}=v`), 'usage', '6 different tag keys'],
    [[], Array.from({ length: 51 }, (_, n) => `tag:K=${n}`), 'usage', '51 values'],
  ])('refuses %j %j', (ids, targets, code, said) => {
    expect(() => parseScope(ids, targets)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) }),
    );
  });

  it('loses and doubles nothing in portions', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 60 }), (items, size) => {
        const parts = portions(items, size);
        expect(parts.flat()).toEqual(items);
        expect(parts.every((part) => part.length > 0 && part.length <= size)).toBe(true);
      }),
    );
  });

  it('knows the same scope in another order, and no other', () => {
    expect(sameScope({ by: 'ids', ids: [host(1), host(2)] }, { by: 'ids', ids: [host(2), host(1)] })).toBe(true);
    expect(sameScope({ by: 'ids', ids: [host(1)] }, { by: 'ids', ids: [host(2)] })).toBe(false);
    const tags = (values: string[]) => parseScope([], [...values.map((value) => `tag:A=${value}`), 'tag:B=x']);
    expect(sameScope(tags(['1', '2']), tags(['2', '1']))).toBe(true);
    expect(sameScope(tags(['1', '2']), tags(['1']))).toBe(false);
  });
});
