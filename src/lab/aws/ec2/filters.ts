import * as v from 'valibot';
import { ApiError } from '../api-error.ts';

const Filter = v.strictObject({ Name: v.string(), Value: v.optional(v.array(v.string()), []) });
export const Filters = v.optional(v.array(Filter), []);
export type Filters = v.InferOutput<typeof Filters>;

/** What a resource has to say to a filter of this name; `undefined` for a filter that the action does not know. */
export type FilterValues<T> = (resource: T, name: string) => readonly string[] | undefined;

/**
 * The test that all filters make: every filter must match, with any of its values; `*` and `?` are
 * wildcards, a backslash escapes [doc: List and filter your resources]. Unknown filters are refused.
 */
export function matcher<T extends { readonly tags: ReadonlyMap<string, string> }>(
  filters: Filters,
  valuesOf: FilterValues<T>,
): (resource: T) => boolean {
  const tests = filters.map(({ Name, Value }) => {
    const patterns = Value.map(filterPattern);
    return (resource: T) => {
      const values = tagValues(resource.tags, Name) ?? valuesOf(resource, Name);
      if (values === undefined) throw new ApiError('InvalidParameterValue', `The filter '${Name}' is invalid`);
      return values.some((value) => patterns.some((pattern) => pattern.test(value)));
    };
  });
  return (resource) => tests.every((test) => test(resource));
}

function tagValues(tags: ReadonlyMap<string, string>, name: string): readonly string[] | undefined {
  if (name === 'tag-key') return [...tags.keys()];
  if (!name.startsWith('tag:')) return undefined;
  const value = tags.get(name.slice('tag:'.length));
  return value === undefined ? [] : [value];
}

function filterPattern(value: string): RegExp {
  const source = value.replace(/\\(.)|([*?])|([\s\S])/g, (_whole, escaped?: string, wild?: string, plain?: string) => {
    if (wild !== undefined) return wild === '*' ? '[\\s\\S]*' : '[\\s\\S]';
    return (escaped ?? plain ?? '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

/** Whether a filter's value matches itself alone, so that an index can answer it. */
export const isLiteral = (value: string): boolean => !/[*?\\]/.test(value);
