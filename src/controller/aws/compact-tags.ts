import type { Tags } from '../../shared/tags.ts';

/** The same text in memory of its own: a piece of a parsed answer keeps the whole answer alive. */
export const copyString = <T extends string>(text: T): T => Buffer.from(text).toString() as T;

/** A tag as the SDK has it. */
interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Values that few resources share are not looked for: the list of those that many do would be as long as the fleet. */
const MOST_SHARED = 1_000;

/** Keeps tags of ten thousand resources in little memory: only those that `isKept`, and what many have alike once. */
export function tagInterner(isKept: (key: string) => boolean): (tags: readonly Tag[]) => Tags {
  const shared = new Map<string, string>();
  const once = (text: string): string => {
    const known = shared.get(text);
    if (known !== undefined) return known;
    const own = copyString(text);
    if (shared.size < MOST_SHARED) shared.set(own, own);
    return own;
  };
  return (tags) => {
    const kept: Record<string, string> = {};
    for (const { Key, Value } of tags) if (isKept(Key)) kept[once(Key)] = once(Value);
    return kept;
  };
}

/** Members of a set are tagged alike: where they are, they share one object. */
export function sameForAll(): (name: string, tags: Tags) => Tags {
  const first = new Map<string, Tags>();
  return (name, tags) => {
    const known = first.get(name);
    if (known !== undefined && areEqual(known, tags)) return known;
    if (known === undefined) first.set(name, tags);
    return tags;
  };
}

function areEqual(a: Tags, b: Tags): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
