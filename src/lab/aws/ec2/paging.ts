import * as v from 'valibot';
import { ApiError } from '../api-error.ts';
import { cutPage, type Page } from '../pages.ts';
import { WholeNumber } from './query-protocol.ts';

export const Paging = { MaxResults: v.optional(WholeNumber), NextToken: v.optional(v.string()) };

/** A page of at least 5 and at most 1,000 items; without MaxResults the whole list [doc: EC2 API, pagination]. */
export function ec2Page<T>(
  list: readonly T[],
  idOf: (item: T) => string,
  { MaxResults, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): Page<T> {
  if (MaxResults !== undefined && MaxResults < 5) {
    throw new ApiError(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value greater than 5.`,
    );
  }
  const size = MaxResults === undefined ? Math.max(list.length, 1) : Math.min(MaxResults, 1000);
  const page = cutPage(list, idOf, { size, token: NextToken });
  if (page === undefined) throw new ApiError('InvalidNextToken', `The token '${NextToken}' is invalid`);
  return page;
}

/** Paging and ids exclude each other. */
export function refuseIdsWithPaging(ids: readonly string[], what: string, maxResults: number | undefined): void {
  if (ids.length > 0 && maxResults !== undefined) {
    throw new ApiError(
      'InvalidParameterCombination',
      `The parameter ${what} cannot be used with the parameter maxResults`,
    );
  }
}
