import * as v from 'valibot';
import { ApiError } from '../api-error.ts';
import { cutPage, type Page } from '../pages.ts';

export const paging = (min: number, max: number) => ({
  MaxResults: v.optional(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)), max),
  NextToken: v.optional(v.string()),
});

export function ssmPage<T>(
  list: readonly T[],
  idOf: (item: T) => string,
  { MaxResults, NextToken }: { MaxResults: number; NextToken?: string | undefined },
): Page<T> {
  const page = cutPage(list, idOf, { size: MaxResults, token: NextToken });
  if (page === undefined) throw new ApiError('InvalidNextToken', 'The specified token is not valid.');
  return page;
}
