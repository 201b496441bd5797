import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { InstanceId } from '../../shared/ids.ts';
import type { Scope, TagTarget } from '../ports.ts';

/** SendCommand's limits [API model]. */
export const SEND_LIMITS = { ids: 50, targetKeys: 5, targetValues: 50 } as const;

/**
 * The scope of `--instance-ids` (each a list with commas) and `--target`. Targets with the same key widen the choice,
 * different keys narrow it, as Systems Manager has it. Throws `usage` or `no-target`.
 */
export function parseScope(instanceIds: readonly string[], targets: readonly string[]): Scope {
  const ids = parseInstanceIds(instanceIds);
  if (ids.length > 0 && targets.length > 0) {
    throw new RunError('usage', '--instance-ids and --target exclude each other', { hint: 'Give one of them.' });
  }
  if (targets.length > 0) return { by: 'tags', tags: mergeTargets(targets.map(parseTarget)) };
  if (ids.length > 0) return { by: 'ids', ids };
  throw new RunError('no-target', 'no host was named', {
    hint: 'Give --instance-ids i-0123456789abcdef0,… or --target tag:Key=Value.',
  });
}

/** The ids of `--instance-ids`, each a list with commas; none only where the option was not given. Throws `usage` or `no-target`. */
export function parseInstanceIds(lists: readonly string[]): readonly InstanceId[] {
  const texts = lists
    .flatMap((list) => list.split(','))
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (texts.length > 0 || lists.length === 0) return [...new Set(texts.map(parseInstanceId))];
  // Whoever names nobody does not mean everybody.
  throw new RunError('no-target', '--instance-ids names no host', {
    hint: 'Give ids like i-0123456789abcdef0, @FILE with ids in it, or - for stdin.',
  });
}

function parseInstanceId(text: string): InstanceId {
  const parsed = v.safeParse(InstanceId, text);
  if (parsed.success && parsed.output.startsWith('i-')) return parsed.output;
  throw new RunError('usage', `'${text}' is not the id of an EC2 instance`, {
    hint: 'The form is i- and 17 (or 8) digits 0-9a-f, like i-0123456789abcdef0; several are separated by commas.',
  });
}

/** The tag of `tag:Key=Value`. Throws `usage`. */
export function parseTarget(text: string): TagTarget {
  const match = /^tag:([^=]{1,127})=(.{0,256})$/.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) return { key: match[1], values: [match[2]] };
  throw new RunError('usage', `'${text}' is not a target`, {
    hint: 'The form is tag:Key=Value, like tag:Role=database.',
  });
}

function mergeTargets(targets: readonly TagTarget[]): TagTarget[] {
  const byKey = new Map<string, Set<string>>();
  for (const { key, values } of targets) {
    const known = byKey.get(key) ?? new Set();
    for (const value of values) known.add(value);
    byKey.set(key, known);
  }
  if (byKey.size > SEND_LIMITS.targetKeys) {
    throw new RunError(
      'usage',
      `${byKey.size} different tag keys are given, Systems Manager takes ${SEND_LIMITS.targetKeys}`,
    );
  }
  return [...byKey].map(([key, values]) => {
    if (values.size <= SEND_LIMITS.targetValues) return { key, values: [...values] };
    throw new RunError(
      'usage',
      `${values.size} values are given for tag:${key}, Systems Manager takes ${SEND_LIMITS.targetValues}`,
    );
  });
}

/** Whether two scopes name the same hosts, whatever the order. */
export function sameScope(a: Scope, b: Scope): boolean {
  return canonical(a) === canonical(b);
}

function canonical(scope: Scope): string {
  if (scope.by === 'ids') return JSON.stringify([...scope.ids].sort());
  return JSON.stringify(scope.tags.map(({ key, values }) => JSON.stringify([key, [...values].sort()])).sort());
}
