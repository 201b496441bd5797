import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';

/** The name of a schedule, as people give it. It holds no dot: that is what parts it from a role. */
export const ScheduleName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/),
  v.brand('the name of a schedule'),
);
export type ScheduleName = v.InferOutput<typeof ScheduleName>;

/** Throws `usage`. */
export function parseScheduleName(text: string): ScheduleName {
  const parsed = v.safeParse(ScheduleName, text);
  if (parsed.success) return parsed.output;
  throw new RunError('usage', `'${text}' is not valid as the name of a schedule`, {
    hint: 'It has at most 40 letters, digits, _ and -, and begins with a letter or digit, like nightly.',
  });
}

const PREFIX = 'mysql-ebs-snapshot.';
const LONGEST_ROLE = 64;

/**
 * The association's name, which tells whose it is: `mysql-ebs-snapshot.NAME`, with a role `mysql-ebs-snapshot.NAME.ROLE`.
 * What stands in a tag's value but may not in such a name [model] becomes `-`. Throws `usage`.
 */
export function associationName(name: ScheduleName, role: string | undefined): string {
  if (role === undefined) return `${PREFIX}${name}`;
  if (role !== '' && role.length <= LONGEST_ROLE) return `${PREFIX}${name}.${role.replace(/[^A-Za-z0-9_.-]/g, '-')}`;
  throw new RunError('usage', `'${role}' is not valid as a role`, {
    hint: `It is a value of the tag that --by names, of at most ${LONGEST_ROLE} characters.`,
  });
}

/** The schedule and the role that an association's name tells; `undefined` where it is none of ours. */
export function scheduleOf(
  associationName: string,
): { readonly name: ScheduleName; readonly role: string | undefined } | undefined {
  if (!associationName.startsWith(PREFIX)) return undefined;
  const [, name, role] = /^([^.]*)(?:\.(.+))?$/.exec(associationName.slice(PREFIX.length)) ?? [];
  const parsed = v.safeParse(ScheduleName, name);
  return parsed.success ? { name: parsed.output, role } : undefined;
}
