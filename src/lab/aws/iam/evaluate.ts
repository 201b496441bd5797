import type { Policy, Statement } from './policy.ts';

/** Condition keys in lower case (IAM does not tell cases apart) -> value; an array where the key is multivalued. */
export type ConditionKeys = ReadonlyMap<string, string | readonly string[]>;

export interface AccessRequest {
  readonly action: string;
  readonly resource: string;
  readonly keys: ConditionKeys;
}

export const conditionKeys = (
  entries: Readonly<Record<string, string | readonly string[] | undefined>>,
): ConditionKeys =>
  new Map(
    Object.entries(entries).flatMap(([key, value]) =>
      value === undefined ? [] : [[key.toLowerCase(), value] as const],
    ),
  );

/**
 * Whether the policies allow the request: an explicit Deny wins, without an Allow it is denied.
 * After IAM's policy evaluation logic and its reference of condition operators.
 */
export function isAllowed(policies: readonly Policy[], request: AccessRequest): boolean {
  const applying = policies.flatMap((policy) => policy.Statement).filter((statement) => applies(statement, request));
  return applying.some(({ Effect }) => Effect === 'Allow') && !applying.some(({ Effect }) => Effect === 'Deny');
}

function applies(statement: Statement, { action, resource, keys }: AccessRequest): boolean {
  return (
    statement.Action.some((pattern) => wildcard(pattern.toLowerCase(), action.toLowerCase())) &&
    statement.Resource.some((pattern) => {
      const filled = substitute(pattern, keys);
      return filled !== undefined && wildcard(filled, resource);
    }) &&
    Object.entries(statement.Condition).every(([operator, block]) =>
      Object.entries(block).every(([key, wanted]) => holds(operator, key, wanted, keys)),
    )
  );
}

function holds(operator: string, key: string, wanted: readonly string[], keys: ConditionKeys): boolean {
  const actual = keys.get(key.toLowerCase());
  if (operator === 'Null') return wanted.every((isAbsent) => isAbsent === String(actual === undefined));
  const { quantifier, comparison, ifExists } = parseOperator(operator);
  const patterns = wanted.flatMap((pattern) => substitute(pattern, keys) ?? []);
  const matches = (value: string) => patterns.some((pattern) => comparison(pattern, value));
  if (quantifier === 'ForAllValues') return actual === undefined || [actual].flat().every(matches);
  if (actual === undefined) return ifExists;
  return [actual].flat().some(matches);
}

type Comparison = (pattern: string, value: string) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: (pattern, value) => pattern === value,
  StringLike: wildcard,
  ArnLike: wildcard,
};

function parseOperator(operator: string) {
  const [, quantifier, name = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  const comparison = COMPARISONS[name];
  if (comparison === undefined) throw new Error(`the lab's IAM does not know the condition operator ${operator}`);
  return { quantifier, comparison, ifExists: ifExists !== undefined };
}

/** Fills in `${key}`; `undefined` where a key has no single value: then IAM matches nothing. */
function substitute(pattern: string, keys: ConditionKeys): string | undefined {
  let known = true;
  const filled = pattern.replace(/\$\{([^}]+)\}/g, (_whole, key: string) => {
    const value = keys.get(key.toLowerCase());
    if (typeof value === 'string') return value;
    known = false;
    return '';
  });
  return known ? filled : undefined;
}

/** IAM's `*` (any characters, none included) and `?` (one). */
function wildcard(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}
