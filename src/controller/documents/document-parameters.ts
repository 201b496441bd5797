import * as v from 'valibot';
import { parse as parseYaml } from 'yaml';
import { RunError } from '../../shared/errors.ts';

/** What a document says of its parameters; only what is needed to check a value before it is sent. */
const Document = v.object({
  parameters: v.record(
    v.string(),
    v.object({
      description: v.string(),
      allowedValues: v.optional(v.array(v.string())),
      allowedPattern: v.optional(v.string()),
    }),
  ),
});

/** A value for a parameter of the document, and the option it came from (for the message). */
export interface GivenParameter {
  readonly name: string;
  readonly option: string;
  readonly value: string;
}

/**
 * The parameters of a command, checked against the very document that will run (its hash is pinned), so that a wrong
 * value is named here and not by Systems Manager. Throws `usage`.
 */
export function documentParameters(documentText: string, given: readonly GivenParameter[]): Record<string, string> {
  const { parameters } = v.parse(Document, parseYaml(documentText));
  return Object.fromEntries(
    given.map(({ name, option, value }) => {
      const rule = parameters[name];
      if (rule === undefined) throw new Error(`the document has no parameter ${name}`);
      const allowed = rule.allowedValues?.includes(value) ?? new RegExp(rule.allowedPattern ?? '').test(value);
      if (allowed) return [name, value];
      const choice = rule.allowedValues === undefined ? '' : ` (one of ${rule.allowedValues.join(', ')})`;
      throw new RunError('usage', `'${value}' is not valid for ${option}${choice}`, { hint: rule.description });
    }),
  );
}
