import type { ParameterDefinition, ParameterValue } from './document.ts';

/**
 * The values of a run: those given, else the defaults. The agent checks allowedPattern again, defaults
 * included, with Go's RE2, which finds (it does not anchor) and has neither look-around nor back-references:
 * a pattern with one fails the document. Parameters whose names are not letters and digits are ignored.
 * Throws an Error that says what is wrong.
 */
export function settleParameters(
  definitions: Readonly<Record<string, ParameterDefinition>>,
  given: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, ParameterValue> {
  const settled = new Map<string, ParameterValue>();
  for (const [name, definition] of Object.entries(definitions)) {
    if (!/^[A-Za-z0-9]+$/.test(name)) continue;
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
 * A text that is nothing but a placeholder becomes the value itself, a list where it is a StringList;
 * within a text a list is JSON, and the value is expanded as a template of Go's regexp package.
 * Placeholders that are no parameter (`{{ platformType }}`) stay as they are.
 */
export function substitute(input: unknown, values: ReadonlyMap<string, ParameterValue>): unknown {
  if (Array.isArray(input)) return input.map((item) => substitute(item, values));
  if (typeof input === 'object' && input !== null) {
    return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, substitute(value, values)]));
  }
  if (typeof input !== 'string') return input;
  const alone = /^\{\{\s*([A-Za-z0-9]+)\s*\}\}$/.exec(input)?.[1];
  const value = alone === undefined ? undefined : values.get(alone);
  if (value !== undefined) return value;
  return input.replace(/\{\{\s*([A-Za-z0-9]+)\s*\}\}/g, (placeholder, name: string) => {
    const text = values.get(name);
    if (text === undefined) return placeholder;
    return expand(typeof text === 'string' ? text : JSON.stringify(text), placeholder);
  });
}

/** Go's Expand: `$$` is a dollar, `$0` the placeholder, any other `$name` or `${name}` is nothing. */
function expand(template: string, placeholder: string): string {
  return template.replace(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_whole, dollar?: string, bare?: string, braced?: string) => {
    if (dollar !== undefined) return '$';
    return (bare ?? braced) === '0' ? placeholder : '';
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
