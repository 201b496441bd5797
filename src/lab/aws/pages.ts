/** A page of a list, with an opaque token for the next one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

const PREFIX = 'after ';

/**
 * Cuts one page. The token names the last item given, so that a list that grows
 * meanwhile neither repeats nor skips. `undefined` where the token is none of this list's.
 */
export function cutPage<T>(
  list: readonly T[],
  idOf: (item: T) => string,
  { size, token }: { size: number; token: string | undefined },
): Page<T> | undefined {
  let start = 0;
  if (token !== undefined) {
    const given = Buffer.from(token, 'base64url').toString('utf8');
    const last = given.slice(PREFIX.length);
    start = list.findIndex((item) => idOf(item) === last) + 1;
    if (!given.startsWith(PREFIX) || start === 0) return undefined;
  }
  const items = list.slice(start, start + size);
  const last = items.at(-1);
  const more = start + size < list.length && last !== undefined;
  return { items, nextToken: more ? Buffer.from(PREFIX + idOf(last)).toString('base64url') : undefined };
}
