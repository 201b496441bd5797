import type { ParameterDefinition, ParameterValue } from './document.ts';

/**
 * The values of a run: those given, else the defaults. The agent checks allowedPattern again, defaults
 * included, with Go's RE2, which finds (it does not anchor) and has neither look-around nor back-references:
 * a pattern with one fails the document. Throws an Error that says what is wrong.
 */
export function settleParameters(
  definitions: Readonly<Record<string, ParameterDefinition>>,
  given: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, ParameterValue> {
  const settled = new Map<string, ParameterValue>();
  for (const [name, definition] of Object.entries(definitions)) {
    const value = settle(definition, given[name]);
    if (value === undefined) continue;
    settled.set(name, value);
    if (definition.allowedPattern !== undefined) check(name, definition.allowedPattern, value);
  }
  return settled;
}

function settle(definition: ParameterDefinition, given: readonly string[] | undefined): ParameterValue | undefined {
  const isList = definition.type === 'StringList';
  if (given !== undefined) return isList ? given : given[0];
  const { default: value } = definition;
  return value === undefined || Array.isArray(value) ? value : String(value);
}

function check(name: string, pattern: string, value: ParameterValue): void {
  if (/\(\?(?:=|!|<=|<!|>)|\\[1-9]|\\k</.test(pattern)) {
    throw new Error(`parameter ${name}: error parsing regexp: invalid or unsupported Perl syntax: \`${pattern}\``);
  }
  const regExp = new RegExp(pattern);
  for (const text of [value].flat()) {
    if (!regExp.test(text)) throw new Error(`parameter ${name}: ${text} does not match the allowed pattern ${pattern}`);
  }
}

/**
 * Plain textual substitution of `{{ name }}`, with no quoting: the injection hole of the genuine agent.
 * A text that is nothing but a StringList's placeholder becomes the list; within a text a list is JSON.
 * `$$` in a value becomes `$`. Placeholders that are no parameter (`{{ platformType }}`) stay as they are.
 */
export function substitute(input: unknown, values: ReadonlyMap<string, ParameterValue>): unknown {
  if (Array.isArray(input)) {
    return input.flatMap((item) => substitute(item, values));
  }
  if (typeof input === 'object' && input !== null) {
    return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, substitute(value, values)]));
  }
  if (typeof input !== 'string') return input;
  const whole = /^\{\{ *([A-Za-z0-9_.-]+) *\}\}$/.exec(input)?.[1];
  const list = whole === undefined ? undefined : values.get(whole);
  if (list !== undefined && typeof list !== 'string') return list;
  return input.replace(/\{\{ *([A-Za-z0-9_.-]+) *\}\}/g, (placeholder, name: string) => {
    const value = values.get(name);
    if (value === undefined) return placeholder;
    return (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('$$', '$');
  });
}

/** `SSM_<name>` for the parameters of `interpolationType: ENV_VAR`; agents before 3.3.2746.0 know nothing of it. */
export function environmentOf(
  definitions: Readonly<Record<string, ParameterDefinition>>,
  values: ReadonlyMap<string, ParameterValue>,
): Record<string, string> {
  return Object.fromEntries(
    [...values].flatMap(([name, value]) =>
      definitions[name]?.interpolationType === 'ENV_VAR'
        ? [[`SSM_${name}`, typeof value === 'string' ? value : JSON.stringify(value)]]
        : [],
    ),
  );
}
